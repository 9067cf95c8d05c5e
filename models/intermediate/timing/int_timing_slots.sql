-- Grain: weekday, order_hour. Every hour of the week, sold in or not; order_hour is
-- NULL for orders without a time of day, if there are any.
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    weekdays as (select * from {{ ref("weekdays") }}),

    times as (
        select
            count(order_hour) as timed_count,
            count(*) - count(order_hour) as untimed_count
        from orders
    ),

    hours as (
        {% for hour in range(24) %}
            select {{ hour }} as order_hour
            from times
            where timed_count > 0
            union all
        {% endfor %}
        select cast(null as integer) as order_hour
        from times
        where untimed_count > 0
    ),

    slots as (
        select weekdays.weekday, weekdays.weekday_name, hours.order_hour
        from weekdays
        cross join hours
    )

select *
from slots
