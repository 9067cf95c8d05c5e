-- Grain: one row per order_date from the first order to the scoring date, days
-- without orders included.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    orders as (select * from {{ ref("int_timing_orders") }}),

    bounds as (
        select
            min(orders.order_date) as first_date,
            max(scoring_date.as_of_date) as as_of_date
        from orders
        cross join scoring_date
    ),

    days as (
        select
            first_date,
            as_of_date,
            {{ day_spine("first_date", add_days("as_of_date", -1)) }} as order_date
        from bounds
    ),

    weeks as (
        select
            days.*,
            {{ weekday("order_date") }} as weekday,
            {{ add_days("order_date", "-" ~ weekday("order_date")) }} as week_start
        from days
    ),

    daily as (
        select order_date, count(*) as order_count, sum(revenue) as revenue
        from orders
        group by order_date
    ),

    timing_days as (
        select
            weeks.order_date,
            weeks.weekday,
            weeks.week_start,
            weeks.week_start >= weeks.first_date
            and {{ add_days("weeks.week_start", 7) }}
            <= weeks.as_of_date as is_complete_week,
            cast(coalesce(daily.order_count, 0) as bigint) as order_count,
            cast(coalesce(daily.revenue, 0) as decimal(18, 4)) as revenue
        from weeks
        left join daily on weeks.order_date = daily.order_date
    )

select *
from timing_days
