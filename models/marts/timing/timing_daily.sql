-- Grain: one row per weekday, Monday 0 to Sunday 6.
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    weekdays as (select * from {{ ref("weekdays") }}),

    days as (
        select
            weekday,
            is_complete_week,
            revenue,
            sum(revenue) over (partition by week_start) as week_revenue
        from {{ ref("int_timing_days") }}
    ),

    totals as (select weekday, {{ timing_totals() }} from orders group by weekday),

    effects as (
        select
            weekday,
            count(*) as complete_week_count,
            percentile_cont(0.5) within group (
                order by
                    7
                    * cast(revenue as double)
                    / nullif(cast(week_revenue as double), 0)
            ) as weekday_index
        from days
        where is_complete_week
        group by weekday
    ),

    timing_daily as (
        select
            weekdays.weekday,
            weekdays.weekday_name,
            {{ timing_measures("totals") }},
            cast(
                coalesce(effects.complete_week_count, 0) as bigint
            ) as complete_week_count,
            effects.weekday_index
        from weekdays
        left join totals on weekdays.weekday = totals.weekday
        left join effects on weekdays.weekday = effects.weekday
    )

select *
from timing_daily
