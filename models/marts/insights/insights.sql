-- Grain: one row per opportunity that some customer has, at the scoring date. Each
-- customer counts in one opportunity only.
with
    opportunity_customers as (
        select *
        from {{ ref("int_opportunity_customers") }}
        where opportunity is not null
    ),

    opportunities as (select * from {{ ref("opportunities") }}),

    value_errors as (select * from {{ ref("int_value_errors") }}),

    by_segment as (
        select
            as_of_date,
            opportunity,
            segment,
            count(*) as customer_count,
            sum(cast(probability as decimal(18, 12))) as probability,
            sum(expected_value) as expected_value,
            sum(drawn_from) as drawn_from
        from opportunity_customers
        group by as_of_date, opportunity, segment
    ),

    totals as (
        select
            as_of_date,
            opportunity,
            sum(customer_count) as customer_count,
            cast(sum(probability) as double) / sum(customer_count) as probability,
            cast(sum(expected_value) as decimal(18, 4)) as expected_value,
            cast(sum(drawn_from) as decimal(18, 4)) as drawn_from
        from by_segment
        group by as_of_date, opportunity
    ),

    -- what the total would be, had the forecast missed each segment as on that date
    scenarios as (
        select
            by_segment.opportunity,
            value_errors.origin,
            sum(
                cast(
                    cast(by_segment.expected_value as double)
                    / value_errors.predicted_to_actual as decimal(18, 4)
                )
            ) as expected_value
        from by_segment
        inner join value_errors on by_segment.segment = value_errors.segment
        group by by_segment.opportunity, value_errors.origin
    ),

    bounds as (
        select
            opportunity,
            min(expected_value) as expected_value_low,
            max(expected_value) as expected_value_high,
            count(*) as origin_count
        from scenarios
        group by opportunity
    ),

    ranked as (
        select
            totals.as_of_date,
            totals.opportunity as insight,
            opportunities.opportunity_category as insight_category,
            opportunities.title,
            cast(
                row_number() over (
                    order by totals.expected_value desc, opportunities.priority asc
                ) as integer
            ) as insight_rank,
            cast(totals.customer_count as bigint) as customer_count,
            totals.probability,
            cast(
                cast(totals.expected_value as double)
                / totals.customer_count as decimal(18, 4)
            ) as expected_value_per_customer,
            totals.expected_value,
            {% for side in ["low", "high"] %}
                -- contacts bring no more than what they draw on; least() passes over
                -- NULL
                case
                    when bounds.origin_count > 0
                    then
                        cast(
                            least(
                                bounds.expected_value_{{ side }}, totals.drawn_from
                            ) as decimal(18, 4)
                        )
                end as expected_value_{{ side }},
            {% endfor %}
            cast(coalesce(bounds.origin_count, 0) as integer) as origin_count,
            totals.drawn_from,
            opportunities.effort,
            opportunities.recommended_action,
            opportunities.owner,
            opportunities.campaign_timing,
            {{ add_days("totals.as_of_date", "opportunities.read_after_days") }}
            as read_result_on
        from totals
        inner join opportunities on totals.opportunity = opportunities.opportunity
        left join bounds on totals.opportunity = bounds.opportunity
    ),

    insights as (
        select
            ranked.*,
            concat(
                {{ number_text("customer_count") }},
                case when customer_count = 1 then ' customer' else ' customers' end,
                ', of whom a contact is expected to move ',
                {{ share_text("probability", 1) }},
                ': ',
                {{ amount_text("expected_value") }},
                ' of the ',
                {{ amount_text("drawn_from") }},
                ' that it draws on',
                case
                    when expected_value_low is null
                    then '; no backtest to take an interval from'
                    else
                        concat(
                            ' (',
                            {{ number_text("expected_value_low") }},
                            ' to ',
                            {{ number_text("expected_value_high") }},
                            ' by the errors of ',
                            {{ number_text("origin_count") }},
                            ' past forecasts)'
                        )
                end,
                '. Read the result on ',
                cast(read_result_on as string),
                '.'
            ) as sentence
        from ranked
    )

select *
from insights
