-- Grain: one row per day and complete week that ended in the window and has a baseline.
with
    rule as ({{ alert_rule("revenue_anomaly") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    revenue_anomalies as (select * from {{ ref("revenue_anomalies") }}),

    measured as (
        select
            concat(
                revenue_anomalies.period_type,
                ' ',
                cast(revenue_anomalies.period_start as string)
            ) as subject,
            abs(revenue_anomalies.anomaly_score) as value,
            revenue_anomalies.expected_revenue as baseline,
            null as customer_count,
            abs(
                revenue_anomalies.revenue - revenue_anomalies.expected_revenue
            ) as amount_at_stake,
            revenue_anomalies.period_start,
            {{ add_days("revenue_anomalies.period_end", 1) }} as period_end,
            revenue_anomalies.sentence
        from revenue_anomalies
        cross join rule
        cross join scoring_date
        where
            revenue_anomalies.anomaly_score is not null
            and {{
                days_between(
                    "revenue_anomalies.period_end", "scoring_date.as_of_date"
                )
            }} <= rule.window_days
    ),

    alert as ({{ alert_rows() }})

select *
from alert
