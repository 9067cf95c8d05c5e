{% set segment = "Can't Lose Them" %}

-- Grain: one row: customers of the segment Can't Lose Them without an order in the
-- window, and their share of historic revenue.
with
    rule as ({{ alert_rule("cant_lose_them_silence") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    customers as (
        select
            customer_rfm.customer_id,
            customer_rfm.monetary,
            customer_scores.value_at_risk_90d,
            customer_segments.segment = {{ text_literal(segment) }}
            and customer_rfm.recency_days > rule.window_days as is_silent,
            rule.window_days
        from customer_rfm
        inner join
            customer_segments
            on customer_rfm.customer_id = customer_segments.customer_id
        left join
            customer_scores on customer_rfm.customer_id = customer_scores.customer_id
        cross join rule
        where customer_rfm.monetary > 0
    ),

    totals as (
        select
            max(window_days) as window_days,
            sum(case when is_silent then 1 else 0 end) as customer_count,
            sum(monetary) as all_monetary,
            sum(case when is_silent then monetary else 0 end) as silent_monetary,
            sum(
                case
                    when is_silent
                    then cast(coalesce(value_at_risk_90d, 0) as decimal(18, 4))
                    else 0
                end
            ) as value_at_risk
        from customers
        having sum(monetary) > 0
    ),

    measured as (
        select
            {{ text_literal(segment) }} as subject,
            cast(silent_monetary as double) / cast(all_monetary as double) as value,
            null as baseline,
            customer_count,
            value_at_risk as amount_at_stake,
            null as period_start,
            null as period_end,
            concat(
                {{
                    text_literal(
                        "Customers of the segment "
                        ~ segment
                        ~ " without an order for more than "
                    )
                }},
                {{ number_text("window_days") }},
                ' days: ',
                {{ number_text("customer_count") }},
                '. They have brought ',
                {{ amount_text("silent_monetary") }},
                ', ',
                {{
                    share_text(
                        "cast(silent_monetary as double) / cast(all_monetary as double)",
                        1,
                    )
                }},
                ' of all revenue; of the next 90 days ',
                {{ amount_text("value_at_risk") }},
                ' are at risk.'
            ) as sentence
        from totals
    ),

    alert as ({{ alert_rows() }})

select *
from alert
