-- Grain: one row per country of the order; NULL where the source names none.
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    totals as (
        select
            country,
            {{ timing_totals() }},
            sum(
                case when customer_id is null then 1 else 0 end
            ) as anonymous_order_count,
            min(order_date) as first_order_date,
            max(order_date) as last_order_date
        from orders
        group by country
    ),

    customers as (
        select country, customer_id, count(distinct order_id) as order_count
        from orders
        where customer_id is not null
        group by country, customer_id
    ),

    repeat_customers as (
        select country, count(*) as repeat_customer_count
        from customers
        where order_count > 1
        group by country
    ),

    country_performance as (
        select
            totals.country,
            {{ timing_measures("totals") }},
            cast(totals.anonymous_order_count as bigint) as anonymous_order_count,
            cast(totals.order_count - totals.anonymous_order_count as double)
            / nullif(totals.customer_count, 0) as orders_per_customer,
            cast(coalesce(repeat_customers.repeat_customer_count, 0) as double)
            / nullif(totals.customer_count, 0) as repeat_customer_rate,
            cast(totals.gross_revenue - totals.revenue as double)
            / nullif(cast(totals.gross_revenue as double), 0) as returned_share,
            totals.first_order_date,
            totals.last_order_date
        from totals
        left join
            repeat_customers
            on totals.country is not distinct from repeat_customers.country
    )

select *
from country_performance
