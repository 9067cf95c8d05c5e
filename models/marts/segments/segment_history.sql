-- Grain: one row per as_of_date and customer_id, as_of_date being the day after each
-- month end.
with
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    month_ends as (select * from {{ ref("int_as_of_dates") }} where is_month_end),

    segment_history as (
        select
            rfm_scores.as_of_date,
            rfm_scores.customer_id,
            rfm_scores.recency_days,
            rfm_scores.frequency,
            rfm_scores.monetary,
            rfm_scores.r_score,
            rfm_scores.f_score,
            rfm_scores.m_score,
            rfm_scores.segment
        from rfm_scores
        inner join month_ends on rfm_scores.as_of_date = month_ends.as_of_date
    )

select *
from segment_history
