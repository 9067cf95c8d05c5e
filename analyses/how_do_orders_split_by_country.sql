-- How do orders and revenue split by country?
-- How to read: one row per country of the order, most revenue first, over the whole
-- history. Revenue is money, net of the returns matched to the orders; order_pct and
-- revenue_pct are percentages of all orders and revenue; returned_pct is the
-- percentage of gross revenue that came back; anonymous_order_pct is the percentage
-- of the country's orders without a customer. Averages over few orders say little.
with
    orders as (select * from {{ ref("orders") }}),

    orders_by_country as (
        select
            coalesce(country, 'not stated') as country,
            count(*) as order_count,
            count(distinct customer_id) as customer_count,
            sum(
                case when customer_id is null then 1 else 0 end
            ) as anonymous_order_count,
            sum(revenue) as revenue,
            sum(gross_revenue) as gross_revenue,
            max(order_date) as last_order_date
        from orders
        group by coalesce(country, 'not stated')
    ),

    countries as (
        select
            country,
            order_count,
            round(
                100.0 * order_count / nullif(sum(order_count) over (), 0), 2
            ) as order_pct,
            customer_count,
            round(
                100.0 * anonymous_order_count / nullif(order_count, 0), 1
            ) as anonymous_order_pct,
            round(revenue, 2) as revenue,
            round(
                100.0
                * cast(revenue as double)
                / nullif(cast(sum(revenue) over () as double), 0),
                2
            ) as revenue_pct,
            round(
                cast(revenue as double) / nullif(order_count, 0), 2
            ) as revenue_per_order,
            round(
                100.0
                * cast(gross_revenue - revenue as double)
                / nullif(cast(gross_revenue as double), 0),
                1
            ) as returned_pct,
            last_order_date
        from orders_by_country
    )

select *
from countries
order by revenue desc, country asc
