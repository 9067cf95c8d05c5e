-- Grain: one row per as_of_date, metric and score. The values at which scores change.
with
    metrics as (
        {% for metric, score in [
            ("recency_days", "r_score"),
            ("frequency", "f_score"),
            ("monetary", "m_score"),
        ] %}
            select
                as_of_date,
                '{{ metric }}' as metric,
                {{ score }} as score,
                cast({{ metric }} as decimal(18, 4)) as value
            from {{ ref("int_rfm_scores") }} {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    cut_points as (
        select
            as_of_date,
            metric,
            score,
            min(value) as lowest_value,
            max(value) as highest_value,
            count(*) as customer_count
        from metrics
        group by as_of_date, metric, score
    )

select *
from cut_points
