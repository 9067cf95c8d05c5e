-- Grain: one row per customer with an anomaly score who ordered in the window.
with
    rule as ({{ alert_rule("unusual_customers") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customer_anomalies as (select * from {{ ref("customer_anomalies") }}),

    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    measured as (
        select
            concat('Customer ', customer_anomalies.customer_id) as subject,
            customer_anomalies.anomaly_score as value,
            null as baseline,
            1 as customer_count,
            customer_rfm.monetary as amount_at_stake,
            {{ add_days("scoring_date.as_of_date", "-rule.window_days") }}
            as period_start,
            scoring_date.as_of_date as period_end,
            customer_anomalies.sentence
        from customer_anomalies
        inner join
            customer_rfm on customer_anomalies.customer_id = customer_rfm.customer_id
        cross join rule
        cross join scoring_date
        where
            customer_anomalies.anomaly_score is not null
            and customer_rfm.recency_days <= rule.window_days
    ),

    alert as ({{ alert_rows() }})

select *
from alert
