-- Grain: one row per cohort_month and months_since: customers by the month of their
-- first order, in every month until the scoring date.
with
    orders as (
        select
            customer_id,
            cast(date_trunc('month', order_date) as date) as order_month,
            revenue
        from {{ ref("int_timing_orders") }}
        where customer_id is not null
    ),

    months as (
        select
            cast(date_trunc('month', order_date) as date) as order_month,
            {{ add_days("max(order_date)", 1) }} as next_date
        from {{ ref("int_timing_days") }}
        group by cast(date_trunc('month', order_date) as date)
    ),

    first_orders as (
        select customer_id, min(order_month) as cohort_month
        from orders
        group by customer_id
    ),

    cohorts as (
        select cohort_month, count(*) as cohort_customer_count
        from first_orders
        group by cohort_month
    ),

    monthly as (
        select
            first_orders.cohort_month,
            orders.order_month,
            count(distinct orders.customer_id) as customer_count,
            count(*) as order_count,
            sum(orders.revenue) as revenue
        from orders
        inner join first_orders on orders.customer_id = first_orders.customer_id
        group by first_orders.cohort_month, orders.order_month
    ),

    cohort_months as (
        select
            cohorts.cohort_month,
            cohorts.cohort_customer_count,
            cohorts.cohort_month = min(cohorts.cohort_month) over () as is_first_cohort,
            months.order_month,
            {{ month_number("months.order_month") }}
            - {{ month_number("cohorts.cohort_month") }} as months_since,
            {{ month_number("months.order_month") }}
            < {{ month_number("months.next_date") }} as is_complete
        from cohorts
        inner join months on cohorts.cohort_month <= months.order_month
    ),

    cohort_retention as (
        select
            cohort_months.cohort_month,
            cohort_months.months_since,
            cohort_months.order_month,
            cohort_months.is_complete,
            cohort_months.is_first_cohort,
            cast(
                cohort_months.cohort_customer_count as bigint
            ) as cohort_customer_count,
            cast(coalesce(monthly.customer_count, 0) as bigint) as customer_count,
            cast(coalesce(monthly.customer_count, 0) as double)
            / cohort_months.cohort_customer_count as retention,
            cast(coalesce(monthly.order_count, 0) as bigint) as order_count,
            cast(coalesce(monthly.revenue, 0) as decimal(18, 4)) as revenue,
            cast(
                sum(coalesce(monthly.revenue, 0)) over (
                    partition by cohort_months.cohort_month
                    order by cohort_months.months_since
                    rows between unbounded preceding and current row
                ) as decimal(18, 4)
            ) as cumulative_revenue,
            cast(
                sum(coalesce(monthly.revenue, 0)) over (
                    partition by cohort_months.cohort_month
                    order by cohort_months.months_since
                    rows between unbounded preceding and current row
                ) as double
            )
            / cohort_months.cohort_customer_count as cumulative_revenue_per_customer
        from cohort_months
        left join
            monthly
            on cohort_months.cohort_month = monthly.cohort_month
            and cohort_months.order_month = monthly.order_month
    )

select *
from cohort_retention
