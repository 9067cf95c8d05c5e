-- Grain: one row per as_of_date and segment, all eleven at every date (the scoring
-- date and month ends).
with
    as_of_dates as (
        select * from {{ ref("int_as_of_dates") }} where is_scoring_date or is_month_end
    ),

    segments as (select * from {{ ref("segments") }}),

    totals as (
        select as_of_date, count(*) as customer_count, sum(monetary) as revenue
        from {{ ref("int_rfm_scores") }}
        group by as_of_date
    ),

    profiled as (
        select
            rfm_scores.as_of_date,
            rfm_scores.segment,
            count(*) as customer_count,
            sum(rfm_scores.monetary) as revenue,
            sum(rfm_scores.frequency) as order_count,
            {% for measure in ["recency_days", "frequency", "monetary"] %}
                cast(sum(rfm_scores.{{ measure }}) as double)
                / count(*) as avg_{{ measure }},
                percentile_cont(0.5) within group (
                    order by cast(rfm_scores.{{ measure }} as double)
                ) as median_{{ measure }},
            {% endfor %}
            cast(sum(rfm_scores.r_score) as double) / count(*) as avg_r_score,
            cast(sum(rfm_scores.f_score) as double) / count(*) as avg_f_score,
            cast(sum(rfm_scores.m_score) as double) / count(*) as avg_m_score,
            sum(
                {{
                    days_between(
                        "rfm_scores.first_purchase_date", "rfm_scores.as_of_date"
                    )
                }}
            ) as tenure_days
        from {{ ref("int_rfm_scores") }} as rfm_scores
        group by rfm_scores.as_of_date, rfm_scores.segment
    ),

    segment_profiles as (
        select
            as_of_dates.as_of_date,
            segments.segment,
            segments.display_order,
            cast(coalesce(profiled.customer_count, 0) as bigint) as customer_count,
            cast(coalesce(profiled.customer_count, 0) as double)
            / totals.customer_count as customer_share,
            cast(coalesce(profiled.revenue, 0) as decimal(18, 4)) as revenue,
            cast(coalesce(profiled.revenue, 0) as double)
            / nullif(cast(totals.revenue as double), 0) as revenue_share,
            cast(coalesce(profiled.order_count, 0) as bigint) as order_count,
            {% for measure in ["recency_days", "frequency", "monetary"] %}
                profiled.avg_{{ measure }}, profiled.median_{{ measure }},
            {% endfor %}
            profiled.avg_r_score,
            profiled.avg_f_score,
            profiled.avg_m_score,
            cast(profiled.revenue as double) / nullif(profiled.order_count, 0) as aov,
            30e0
            * profiled.order_count
            / nullif(profiled.tenure_days, 0) as orders_per_30_days
        from as_of_dates
        cross join segments
        inner join totals on as_of_dates.as_of_date = totals.as_of_date
        left join
            profiled
            on as_of_dates.as_of_date = profiled.as_of_date
            and segments.segment = profiled.segment
    )

select *
from segment_profiles
