-- Grain: one row per stock_code_a and stock_code_b (stock_code_a < stock_code_b) that
-- are together in enough orders.
with
    pairs as (select * from {{ ref("int_pair_measures") }} where level = 'product'),

    products as (select * from {{ ref("products") }}),

    product_pairs as (
        select
            pairs.item_a as stock_code_a,
            pairs.item_b as stock_code_b,
            products_a.description as description_a,
            products_b.description as description_b,
            pairs.orders_with_both,
            pairs.orders_with_a,
            pairs.orders_with_b,
            pairs.order_count,
            pairs.support,
            pairs.confidence_a_to_b,
            pairs.confidence_b_to_a,
            pairs.lift,
            pairs.leverage,
            pairs.conviction_a_to_b,
            pairs.conviction_b_to_a,
            pairs.p_value,
            pairs.q_value,
            pairs.is_significant,
            pairs.pair_rank,
            pairs.first_order_date,
            pairs.last_order_date
        from pairs
        inner join products as products_a on pairs.item_a = products_a.stock_code
        inner join products as products_b on pairs.item_b = products_b.stock_code
    )

select *
from product_pairs
