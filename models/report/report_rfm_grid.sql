-- Grain: one row per r_score and f_score, all 25, at the scoring date (as_of_date).
with
    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    scores as (
        select score
        from
            (
                select 1 as score
                union all
                select 2
                union all
                select 3
                union all
                select 4
                union all
                select 5
            ) as numbers
    ),

    scoring_date as (select max(as_of_date) as as_of_date from customer_rfm),

    totals as (
        select
            r_score,
            f_score,
            count(*) as customer_count,
            sum(monetary) as revenue,
            cast(sum(m_score) as double) / count(*) as avg_m_score
        from customer_rfm
        group by r_score, f_score
    ),

    segment_counts as (
        select
            customer_rfm.r_score,
            customer_rfm.f_score,
            customer_segments.segment,
            row_number() over (
                partition by customer_rfm.r_score, customer_rfm.f_score
                order by count(*) desc, customer_segments.segment asc
            ) as position
        from customer_rfm
        inner join
            customer_segments
            on customer_rfm.customer_id = customer_segments.customer_id
        group by customer_rfm.r_score, customer_rfm.f_score, customer_segments.segment
    ),

    report_rfm_grid as (
        select
            scoring_date.as_of_date,
            recency.score as r_score,
            frequency.score as f_score,
            segment_counts.segment,
            {{ is_small_cell("coalesce(totals.customer_count, 0)") }} as is_suppressed,
            {{
                unless_small_cell(
                    "cast(coalesce(totals.customer_count, 0) as bigint)",
                    "coalesce(totals.customer_count, 0)",
                )
            }} as customer_count,
            cast(
                {{
                    unless_small_cell(
                        "coalesce(totals.revenue, 0)",
                        "coalesce(totals.customer_count, 0)",
                    )
                }} as decimal(18, 4)
            ) as revenue,
            {{ unless_small_cell("totals.avg_m_score", "totals.customer_count") }}
            as avg_m_score
        from scoring_date
        cross join scores as recency
        cross join scores as frequency
        left join
            totals
            on recency.score = totals.r_score
            and frequency.score = totals.f_score
        left join
            segment_counts
            on recency.score = segment_counts.r_score
            and frequency.score = segment_counts.f_score
            and segment_counts.position = 1
    )

select *
from report_rfm_grid
