{{ config(materialized="table") }}

-- Grain: order_number, item_number. Products that are frequent enough to be in a pair,
-- in orders of several, as numbers and sorted: joined with themselves, rows that lie
-- together take half the time, and text three times.
with
    baskets as (select * from {{ ref("int_basket_products") }} where not is_set_apart),

    items as (select * from {{ ref("int_item_numbers") }}),

    orders as (
        select
            order_id,
            cast(row_number() over (order by order_id) as integer) as order_number
        from baskets
        where product_count > 1
        group by order_id
    ),

    basket_items as (
        select orders.order_number, items.item_number, baskets.order_date
        from baskets
        inner join orders on baskets.order_id = orders.order_id
        inner join items on baskets.stock_code = items.item
    )

select *
from basket_items
order by order_number, item_number
