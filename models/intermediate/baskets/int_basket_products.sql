{{ config(materialized="table") }}

-- Grain: order_id, stock_code. What is in an order; orders of very many products, as
-- wholesalers place them, are set apart.
with
    products as (
        select
            order_id,
            stock_code,
            min(customer_id) as customer_id,
            min(order_date) as order_date
        from {{ ref("int_basket_lines") }}
        group by order_id, stock_code
    ),

    sizes as (
        select order_id, count(*) as product_count from products group by order_id
    ),

    basket_products as (
        select
            products.order_id,
            products.stock_code,
            products.customer_id,
            products.order_date,
            sizes.product_count,
            sizes.product_count > {{ var("basket_products_to") }} as is_set_apart
        from products
        inner join sizes on products.order_id = sizes.order_id
    )

select *
from basket_products
