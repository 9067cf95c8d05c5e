{{ config(materialized="table") }}

-- Grain: one row per as_of_date and customer_id. Values, scores and segment.
with
    rfm_values as (select * from {{ ref("int_rfm_values") }}),

    segment_grid as (
        select *
        from {{ ref("int_segment_grid") }}
        where rule_set = '{{ var("segment_rules") }}'
    ),

    scored as (
        select
            as_of_date,
            customer_id,
            first_purchase_date,
            last_purchase_date,
            recency_days,
            frequency,
            monetary,
            {{ rfm_score("recency_days", descending=true) }} as r_score,
            {{ rfm_score("frequency") }} as f_score,
            {{ rfm_score("monetary") }} as m_score
        from rfm_values
    ),

    rfm_scores as (
        select
            scored.as_of_date,
            scored.customer_id,
            scored.first_purchase_date,
            scored.last_purchase_date,
            scored.recency_days,
            scored.frequency,
            scored.monetary,
            scored.r_score,
            scored.f_score,
            scored.m_score,
            cast(
                scored.r_score * 100 + scored.f_score * 10 + scored.m_score as string
            ) as rfm_score,
            scored.r_score + scored.f_score + scored.m_score as rfm_sum,
            segment_grid.segment
        from scored
        inner join
            segment_grid
            on scored.r_score = segment_grid.r_score
            and scored.f_score = segment_grid.f_score
            and scored.m_score = segment_grid.m_score
    )

select *
from rfm_scores
