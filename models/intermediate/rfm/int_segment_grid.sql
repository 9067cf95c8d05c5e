{{ config(materialized="table") }}

-- Grain: one row per rule_set, r_score, f_score and m_score (125 each). The segment
-- of every cell.
with
    segment_rules as (select * from {{ ref("segment_rules") }}),

    scores as (
        select 1 as score
        {% for score in range(2, 6) %}
            union all
            select {{ score }} as score
        {% endfor %}
    ),

    cells as (
        select
            r.score as r_score,
            f.score as f_score,
            m.score as m_score,
            cast(floor((f.score + m.score + 1) / 2e0) as integer) as fm_score
        from scores as r
        cross join scores as f
        cross join scores as m
    ),

    matching_rules as (
        select
            segment_rules.rule_set,
            cells.r_score,
            cells.f_score,
            cells.m_score,
            segment_rules.segment,
            row_number() over (
                partition by
                    segment_rules.rule_set, cells.r_score, cells.f_score, cells.m_score
                order by segment_rules.priority
            ) as rule_rank
        from cells
        inner join
            segment_rules
            on cells.r_score between segment_rules.r_min and segment_rules.r_max
            and cells.f_score between segment_rules.f_min and segment_rules.f_max
            and cells.m_score between segment_rules.m_min and segment_rules.m_max
            and cells.fm_score between segment_rules.fm_min and segment_rules.fm_max
    ),

    segment_grid as (
        select rule_set, r_score, f_score, m_score, segment
        from matching_rules
        where rule_rank = 1
    )

select *
from segment_grid
