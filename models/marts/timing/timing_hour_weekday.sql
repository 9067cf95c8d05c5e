-- Grain: one row per weekday and order_hour: every hour of the week; rows with NULL
-- hold orders without a time.
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    slots as (select * from {{ ref("int_timing_slots") }}),

    totals as (
        select weekday, order_hour, {{ timing_totals() }}
        from orders
        group by weekday, order_hour
    ),

    timing_hour_weekday as (
        select
            slots.weekday,
            slots.weekday_name,
            slots.order_hour,
            {{ timing_measures("totals") }}
        from slots
        left join
            totals
            on slots.weekday = totals.weekday
            and slots.order_hour is not distinct from totals.order_hour
    )

select *
from timing_hour_weekday
