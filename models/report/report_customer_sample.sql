-- Grain: one row per customer_id of a sample, the first var report_sampled_customers by
-- a hash of the id, at the scoring date (as_of_date): the dots of scatter plots.
with
    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    numbered as (
        select
            customer_rfm.*,
            row_number() over (
                order by md5(customer_rfm.customer_id), customer_rfm.customer_id
            ) as sample_number
        from customer_rfm
    ),

    report_customer_sample as (
        select
            numbered.as_of_date,
            numbered.customer_id,
            cast(numbered.sample_number as integer) as sample_number,
            customer_segments.segment,
            numbered.recency_days,
            numbered.frequency,
            numbered.monetary,
            customer_scores.churn_probability_90d,
            customer_scores.clv_90d,
            customer_scores.value_at_risk_90d
        from numbered
        inner join
            customer_segments on numbered.customer_id = customer_segments.customer_id
        inner join customer_scores on numbered.customer_id = customer_scores.customer_id
        where numbered.sample_number <= {{ var("report_sampled_customers") }}
    )

select *
from report_customer_sample
