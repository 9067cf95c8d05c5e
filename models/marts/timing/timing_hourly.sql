-- Grain: one row per order_hour, 0 to 23; a row with NULL holds orders without a time.
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    hours as (select distinct order_hour from {{ ref("int_timing_slots") }}),

    totals as (
        select order_hour, {{ timing_totals() }} from orders group by order_hour
    ),

    timing_hourly as (
        select hours.order_hour, {{ timing_measures("totals") }}
        from hours
        left join totals on hours.order_hour is not distinct from totals.order_hour
    )

select *
from timing_hourly
