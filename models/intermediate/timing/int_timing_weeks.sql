-- Grain: one row per week_start (Monday) from the first order to the scoring date,
-- weeks without orders included.
with
    days as (select * from {{ ref("int_timing_days") }}),

    weeks as (
        select
            week_start,
            is_complete_week as is_complete,
            cast(sum(order_count) as bigint) as order_count,
            cast(sum(revenue) as decimal(18, 4)) as revenue
        from days
        group by week_start, is_complete_week
    )

select *
from weeks
