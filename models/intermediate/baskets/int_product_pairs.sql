{{ config(materialized="table") }}

-- Grain: item_a, item_b (stock codes, in order). Products that are together in enough
-- orders.
with
    basket_items as (select * from {{ ref("int_basket_items") }}),

    totals as (
        select order_count
        from {{ ref("int_basket_counts") }}
        where level = 'product' and item is null
    ),

    names as (select * from {{ ref("int_item_numbers") }}),

    pairs as (
        select
            one.item_number as number_a,
            other.item_number as number_b,
            count(*) as orders_with_both,
            min(one.order_date) as first_order_date,
            max(one.order_date) as last_order_date
        from basket_items as one
        inner join
            basket_items as other
            on one.order_number = other.order_number
            and one.item_number < other.item_number
        group by one.item_number, other.item_number
    ),

    product_pairs as (
        select
            names_a.item as item_a,
            names_b.item as item_b,
            pairs.orders_with_both,
            names_a.order_count as orders_with_a,
            names_b.order_count as orders_with_b,
            pairs.first_order_date,
            pairs.last_order_date
        from pairs
        inner join
            totals
            on pairs.orders_with_both
            >= {{ var("basket_pair_support") }} * totals.order_count
        inner join names as names_a on pairs.number_a = names_a.item_number
        inner join names as names_b on pairs.number_b = names_b.item_number
    )

select *
from product_pairs
