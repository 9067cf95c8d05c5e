-- Which products in a first order go with customers who come back?
-- How to read: the 50 products that stand out most. came_back_pct: of the customers
-- who bought it on their first day, the percentage who came back on another day;
-- expected_pct: the same for everyone who began in the same months.
-- extra_customer_count is the difference in customers; standard_errors says how far
-- from chance it is. Thousands of products are compared: below 4, take it as a hint.
-- It proves no cause.
with
    order_lines as (select * from {{ ref("order_lines") }}),

    orders as (select * from {{ ref("orders") }}),

    products as (select * from {{ ref("products") }}),

    first_and_last_orders as (
        select
            customer_id,
            min(order_date) as first_order_date,
            max(order_date) as last_order_date
        from orders
        where customer_id is not null
        group by customer_id
    ),

    customers_with_return as (
        select
            customer_id,
            first_order_date,
            case when last_order_date > first_order_date then 1 else 0 end as came_back
        from first_and_last_orders
    ),

    customers_with_expectation as (
        select
            customer_id,
            first_order_date,
            came_back,
            avg(came_back) over (
                partition by date_trunc('month', first_order_date)
            ) as expected
        from customers_with_return
    ),

    first_products as (
        select distinct
            order_lines.stock_code,
            customers_with_expectation.customer_id,
            customers_with_expectation.came_back,
            customers_with_expectation.expected
        from customers_with_expectation
        inner join
            order_lines
            on customers_with_expectation.customer_id = order_lines.customer_id
            and customers_with_expectation.first_order_date = order_lines.sold_date
    ),

    product_totals as (
        select
            stock_code,
            count(*) as first_customer_count,
            sum(came_back) as came_back_count,
            sum(expected) as expected_count,
            sum(expected * (1 - expected)) as variance
        from first_products
        group by stock_code
    ),

    products_compared as (
        select
            product_totals.stock_code,
            products.description,
            products.category,
            product_totals.first_customer_count,
            round(
                100.0
                * product_totals.came_back_count
                / nullif(product_totals.first_customer_count, 0),
                1
            ) as came_back_pct,
            round(
                100.0
                * product_totals.expected_count
                / nullif(product_totals.first_customer_count, 0),
                1
            ) as expected_pct,
            round(
                product_totals.came_back_count - product_totals.expected_count, 1
            ) as extra_customer_count,
            round(
                (product_totals.came_back_count - product_totals.expected_count)
                / nullif(sqrt(product_totals.variance), 0),
                1
            ) as standard_errors
        from product_totals
        inner join products on product_totals.stock_code = products.stock_code
    )

select *
from products_compared
order by standard_errors desc nulls last, first_customer_count desc, stock_code asc
limit 50
