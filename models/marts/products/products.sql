-- Grain: one row per stock code with a kept sale or return line.
with
    products as (select * from {{ ref("int_products") }}),

    order_lines as (select * from {{ ref("order_lines") }}),

    returned as (
        select
            stock_code,
            sum(returned_quantity) as returned_quantity,
            sum(returned_revenue) as returned_revenue
        from {{ ref("returns") }}
        group by stock_code
    ),

    sold as (
        select
            stock_code,
            min(sold_date) as first_sold_date,
            max(sold_date) as last_sold_date,
            count(*) as line_count,
            count(distinct order_id) as order_count,
            count(distinct customer_id) as customer_count,
            sum(gross_quantity) as gross_quantity,
            sum(gross_revenue) as gross_revenue,
            percentile_cont(0.5) within group (
                order by cast(unit_price as double)
            ) as median_unit_price
        from order_lines
        group by stock_code
    ),

    sales as (
        select
            products.stock_code,
            products.description,
            products.category,
            sold.first_sold_date,
            sold.last_sold_date,
            cast(coalesce(sold.line_count, 0) as bigint) as line_count,
            cast(coalesce(sold.order_count, 0) as bigint) as order_count,
            cast(coalesce(sold.customer_count, 0) as bigint) as customer_count,
            cast(coalesce(sold.gross_quantity, 0) as bigint) as gross_quantity,
            cast(coalesce(sold.gross_revenue, 0) as decimal(18, 4)) as gross_revenue,
            cast(
                coalesce(returned.returned_quantity, 0) as bigint
            ) as returned_quantity,
            cast(
                coalesce(sold.gross_revenue, 0)
                - coalesce(returned.returned_revenue, 0) as decimal(18, 4)
            ) as revenue,
            cast(coalesce(returned.returned_quantity, 0) as double)
            / nullif(sold.gross_quantity, 0) as return_rate,
            sold.median_unit_price
        from products
        left join sold on products.stock_code = sold.stock_code
        left join returned on products.stock_code = returned.stock_code
    )

select *
from sales
