{% set ties = var("score_ties") %}
{% if ties not in ["equal", "row_order"] %}
    {% do exceptions.raise_compiler_error(
        "var score_ties is '" ~ ties ~ "'; it must be equal or row_order"
    ) %}
{% endif %}
{{ config(materialized="table") }}

-- Grain: one row per as_of_date and customer_id. Values, scores and segment.
with
    segment_grid as (
        select *
        from {{ ref("int_segment_grid") }}
        where rule_set = '{{ var("segment_rules") }}'
    ),

    {% if ties == "equal" %}
        recency_scores as ({{ scores_by_value("recency_days", descending=true) }}),

        frequency_scores as ({{ scores_by_value("frequency") }}),

        monetary_scores as ({{ scores_by_value("monetary") }}),

        scored as (
            select
                rfm_values.*,
                recency_scores.score as r_score,
                frequency_scores.score as f_score,
                monetary_scores.score as m_score
            from {{ ref("int_rfm_values") }} as rfm_values
            inner join
                recency_scores
                on rfm_values.as_of_date = recency_scores.as_of_date
                and rfm_values.recency_days = recency_scores.recency_days
            inner join
                frequency_scores
                on rfm_values.as_of_date = frequency_scores.as_of_date
                and rfm_values.frequency = frequency_scores.frequency
            inner join
                monetary_scores
                on rfm_values.as_of_date = monetary_scores.as_of_date
                and rfm_values.monetary = monetary_scores.monetary
        ),
    {% else %}
        scored as (
            select
                rfm_values.*,
                {{ rfm_score("recency_days", descending=true) }} as r_score,
                {{ rfm_score("frequency") }} as f_score,
                {{ rfm_score("monetary") }} as m_score
            from {{ ref("int_rfm_values") }} as rfm_values
        ),
    {% endif %}

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
