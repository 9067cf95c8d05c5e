-- A failure means that cohorts have lost customers, orders or money, or that they come
-- back before they came.
with
    orders as (
        select * from {{ ref("int_timing_orders") }} where customer_id is not null
    ),

    expected as (
        select
            count(distinct customer_id) as customer_count,
            count(*) as order_count,
            sum(revenue) as revenue
        from orders
    ),

    found as (
        select
            sum(case when months_since = 0 then customer_count end) as customer_count,
            sum(order_count) as order_count,
            sum(revenue) as revenue,
            min(case when months_since = 0 then retention end) as first_retention
        from {{ ref("cohort_retention") }}
    )

select
    found.*,
    expected.customer_count as expected_customer_count,
    expected.order_count as expected_order_count,
    expected.revenue as expected_revenue
from found
cross join expected
where
    found.customer_count <> expected.customer_count
    or found.order_count <> expected.order_count
    or found.revenue <> expected.revenue
    or found.first_retention <> 1
