{% set currency = var("currency") %}
{% set windows = {
    "last_365d": [365, 0],
    "previous_365d": [730, 365],
    "last_90d": [90, 0],
    "same_90d_last_year": [455, 365],
} %}
{% set growths = [
    {
        "component": "revenue_growth_year",
        "now": "last_365d",
        "before": "previous_365d",
        "days": 365,
        "of_before": "of the 365 before",
        "history_days": 730,
    },
    {
        "component": "revenue_growth_quarter",
        "now": "last_90d",
        "before": "same_90d_last_year",
        "days": 90,
        "of_before": "of the same 90 days last year",
        "history_days": 455,
    },
] %}
{% set active_days = 365 %}
{% set top_share = 0.1 %}

-- Grain: one row per component: what the portfolio's health is made of, at the scoring
-- date; value NULL with the reason where it cannot be measured.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    customers as (
        select customer_features.*
        from {{ ref("customer_features") }} as customer_features
        inner join
            scoring_date on customer_features.as_of_date = scoring_date.as_of_date
    ),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    segment_standings as (select * from {{ ref("segment_standings") }}),

    segments as (select * from {{ ref("segments") }}),

    segment_migrations as (select * from {{ ref("segment_migrations") }}),

    -- as revenue_last_365d of customer_features: returns count on their own day
    bookings as (
        select order_parts.sold_date as booked_date, order_parts.gross_revenue as amount
        from order_parts
        inner join
            scoring_date
            on {{ stands_on_date("order_parts", "scoring_date.as_of_date") }}
        {% if var("net_returns") %}
            union all
            select customer_returns.returned_date, 0 - customer_returns.returned_value
            from customer_returns
            inner join
                scoring_date on customer_returns.returned_date < scoring_date.as_of_date
        {% endif %}
    ),

    revenue as (
        select
            {{ days_between("min(bookings.booked_date)", "scoring_date.as_of_date") }}
            as history_days
            {% for name, days in windows.items() %}
                ,
                sum(
                    case
                        when
                            bookings.booked_date
                            >= {{ add_days("scoring_date.as_of_date", -days[0]) }}
                            and bookings.booked_date
                            < {{ add_days("scoring_date.as_of_date", -days[1]) }}
                        then bookings.amount
                        else 0
                    end
                ) as {{ name }}
            {% endfor %}
        from bookings
        cross join scoring_date
        group by scoring_date.as_of_date
    ),

    growths as (
        {% for growth in growths %}
            select
                '{{ growth.component }}' as component,
                case
                    when
                        history_days >= {{ growth.history_days }}
                        and {{ growth.before }} > 0
                    then
                        cast({{ growth.now }} - {{ growth.before }} as double)
                        / cast({{ growth.before }} as double)
                end as value,
                case
                    when history_days < {{ growth.history_days }}
                    then
                        concat(
                            '{{ growth.history_days }} days of history are needed; there are ',
                            history_days,
                            '.'
                        )
                    when {{ growth.before }} <= 0
                    then 'There was no revenue in the days to compare with.'
                end as reason,
                concat(
                    'Revenue of the last {{ growth.days }} days is {{ currency }} ',
                    {{ number_text(growth.now) }},
                    ', that {{ growth.of_before }} {{ currency }} ',
                    {{ number_text(growth.before) }},
                    '.'
                ) as sentence
            from revenue {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    repeat_customers as (
        select
            'repeat_customers' as component,
            cast(sum(case when frequency >= 2 then 1 else 0 end) as double)
            / nullif(count(*), 0) as value,
            case when count(*) = 0 then 'There is no customer.' end as reason,
            concat(
                {{ number_text("sum(case when frequency >= 2 then 1 else 0 end)") }},
                ' of ',
                {{ number_text("count(*)") }},
                ' customers have ordered more than once.'
            ) as sentence
        from customers
    ),

    active_customers as (
        select
            revenue_last_365d,
            row_number() over (
                order by revenue_last_365d desc, customer_id asc
            ) as revenue_rank,
            ceil({{ top_share }} * count(*) over ()) as top_count
        from customers
        where recency_days <= {{ active_days }}
    ),

    active_revenue as (
        select
            sum(case when revenue_rank <= top_count then 1 else 0 end) as top_count,
            sum(
                case when revenue_rank <= top_count then revenue_last_365d else 0 end
            ) as top_revenue,
            sum(revenue_last_365d) as revenue
        from active_customers
    ),

    concentration as (
        select
            'revenue_concentration' as component,
            case
                when revenue > 0
                then cast(top_revenue as double) / cast(revenue as double)
            end as value,
            case
                when coalesce(revenue, 0) <= 0
                then 'There was no revenue in the last {{ active_days }} days.'
            end as reason,
            concat(
                {{ number_text("top_count") }},
                case when top_count = 1 then ' customer' else ' customers' end,
                ', the tenth who brought most, brought {{ currency }} ',
                {{ number_text("top_revenue") }},
                ' of {{ currency }} ',
                {{ number_text("revenue") }},
                ' in the last {{ active_days }} days.'
            ) as sentence
        from active_revenue
    ),

    segment_revenue as (
        select
            sum(
                case
                    when segment_standings.standing = 'active'
                    then customers.monetary
                    else 0
                end
            ) as healthy_revenue,
            sum(customers.monetary) as revenue
        from customers
        left join segment_standings on customers.segment = segment_standings.segment
    ),

    healthy_segments as (
        select
            'healthy_segments' as component,
            case
                when revenue > 0
                then cast(healthy_revenue as double) / cast(revenue as double)
            end as value,
            case
                when coalesce(revenue, 0) <= 0 then 'There is no revenue.'
            end as reason,
            concat(
                'Of {{ currency }} ',
                {{ number_text("revenue") }},
                ' so far, {{ currency }} ',
                {{ number_text("healthy_revenue") }},
                ' came from customers who are now in healthy segments.'
            ) as sentence
        from segment_revenue
    ),

    -- forecasts are floats; sums are of decimals
    scored_revenue as (
        select
            sum(cast(value_at_risk_90d as decimal(18, 4))) as at_risk,
            sum(cast(value_if_active_90d as decimal(18, 4))) as if_active,
            min(withheld_reason) as withheld_reason
        from customer_scores
    ),

    revenue_at_risk as (
        select
            'revenue_at_risk' as component,
            case
                when if_active > 0
                then cast(at_risk as double) / cast(if_active as double)
            end as value,
            case
                when coalesce(if_active, 0) <= 0
                then
                    coalesce(
                        withheld_reason, 'No revenue is expected in the next 90 days.'
                    )
            end as reason,
            concat(
                'If everybody came back, the next 90 days would bring {{ currency }} ',
                {{ number_text("if_active") }},
                '; {{ currency }} ',
                {{ number_text("at_risk") }},
                ' of that is expected to be lost.'
            ) as sentence
        from scored_revenue
    ),

    last_month as (select max(to_date) as to_date from segment_migrations),

    moves as (
        select
            last_month.to_date,
            sum(
                case
                    when segments_after.display_order < segments_before.display_order
                    then 1
                    else 0
                end
            ) as upgrade_count,
            sum(
                case
                    when segments_after.display_order > segments_before.display_order
                    then 1
                    else 0
                end
            ) as downgrade_count
        from last_month
        left join segment_migrations on last_month.to_date = segment_migrations.to_date
        left join
            segments as segments_before
            on segment_migrations.from_segment = segments_before.segment
        left join
            segments as segments_after
            on segment_migrations.to_segment = segments_after.segment
        group by last_month.to_date
    ),

    segment_moves as (
        select
            'segment_moves' as component,
            cast(upgrade_count as double)
            / nullif(upgrade_count + downgrade_count, 0) as value,
            case
                when upgrade_count + downgrade_count = 0
                then 'No customer has moved between segments from month to month yet.'
            end as reason,
            concat(
                'In the month to ',
                {{ add_days("to_date", -1) }},
                ' ',
                {{ number_text("upgrade_count") }},
                case when upgrade_count = 1 then ' customer' else ' customers' end,
                ' moved to a better segment, ',
                {{ number_text("downgrade_count") }},
                ' to a worse one.'
            ) as sentence
        from moves
    ),

    portfolio_measures as (
        select *
        from growths
        union all
        select *
        from repeat_customers
        union all
        select *
        from concentration
        union all
        select *
        from healthy_segments
        union all
        select *
        from revenue_at_risk
        union all
        select *
        from segment_moves
    )

select
    component, value, reason, case when value is not null then sentence end as sentence
from portfolio_measures
