{{ config(materialized="table") }}

-- Grain: item_a, item_b (stock codes, in order). Products that are together in enough
-- orders; what is too rare alone is left out before orders are joined with themselves,
-- on numbers, for text would be slow.
with
    baskets as (select * from {{ ref("int_basket_products") }} where not is_set_apart),

    floor_counts as (
        select {{ var("basket_pair_support") }} * order_count as least_orders
        from {{ ref("int_basket_counts") }}
        where level = 'product' and item is null
    ),

    items as (
        select
            basket_counts.item,
            cast(row_number() over (order by basket_counts.item) as integer) as number
        from {{ ref("int_basket_counts") }} as basket_counts
        inner join
            floor_counts on basket_counts.order_count >= floor_counts.least_orders
        where basket_counts.level = 'product' and basket_counts.item is not null
    ),

    orders as (
        select
            order_id, cast(row_number() over (order by order_id) as integer) as number
        from baskets
        where product_count > 1
        group by order_id
    ),

    numbered as (
        select
            orders.number as order_number,
            items.number as item_number,
            baskets.order_date
        from baskets
        inner join orders on baskets.order_id = orders.order_id
        inner join items on baskets.stock_code = items.item
    ),

    pairs as (
        select
            one.item_number as number_a,
            other.item_number as number_b,
            count(*) as orders_with_both,
            min(one.order_date) as first_order_date,
            max(one.order_date) as last_order_date
        from numbered as one
        inner join
            numbered as other
            on one.order_number = other.order_number
            and one.item_number < other.item_number
        group by one.item_number, other.item_number
    ),

    product_pairs as (
        select
            items_a.item as item_a,
            items_b.item as item_b,
            pairs.orders_with_both,
            pairs.first_order_date,
            pairs.last_order_date
        from pairs
        inner join floor_counts on pairs.orders_with_both >= floor_counts.least_orders
        inner join items as items_a on pairs.number_a = items_a.number
        inner join items as items_b on pairs.number_b = items_b.number
    )

select *
from product_pairs
