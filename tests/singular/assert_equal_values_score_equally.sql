-- A failure means that two equal customers are treated differently (unless var
-- score_ties asks for row order).
{% for value, score in [
    ("recency_days", "r_score"),
    ("frequency", "f_score"),
    ("monetary", "m_score"),
] %}
    select
        as_of_date,
        '{{ value }}' as metric,
        cast({{ value }} as decimal(18, 4)) as value
    from {{ ref("int_rfm_scores") }}
    where '{{ var("score_ties") }}' = 'equal'
    group by as_of_date, {{ value }}
    having min({{ score }}) <> max({{ score }}) {{ "union all" if not loop.last }}
{% endfor %}
