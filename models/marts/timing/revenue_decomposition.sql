-- Grain: one row per week_start (Monday) from the first order to the scoring date.
-- revenue = trend + seasonal (where there is one) + remainder, to the penny.
with
    weeks as (select * from {{ ref("int_timing_weeks") }}),

    components as (
        select
            cast(week_start as date) as week_start,
            cast(trend as decimal(18, 4)) as trend,
            cast(seasonal as decimal(18, 4)) as seasonal,
            method,
            reason
        from {{ ref("py_revenue_decomposition") }}
    ),

    revenue_decomposition as (
        select
            weeks.week_start,
            weeks.is_complete,
            weeks.order_count,
            weeks.revenue,
            components.trend,
            components.seasonal,
            cast(
                weeks.revenue
                - components.trend
                - coalesce(components.seasonal, 0) as decimal(18, 4)
            ) as remainder,
            components.method,
            components.reason
        from weeks
        inner join components on weeks.week_start = components.week_start
    )

select *
from revenue_decomposition
