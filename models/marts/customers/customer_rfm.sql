-- Grain: one row per customer_id at the scoring date (as_of_date).
with
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customer_rfm as (
        select
            rfm_scores.as_of_date,
            rfm_scores.customer_id,
            rfm_scores.recency_days,
            rfm_scores.frequency,
            rfm_scores.monetary,
            rfm_scores.r_score,
            rfm_scores.f_score,
            rfm_scores.m_score,
            rfm_scores.rfm_score,
            rfm_scores.rfm_sum
        from rfm_scores
        inner join scoring_date on rfm_scores.as_of_date = scoring_date.as_of_date
    )

select *
from customer_rfm
