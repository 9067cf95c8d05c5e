{{ config(materialized="table") }}

{# the factor has no divisor in common with the number of buckets, so that all are used #}
{% set bucket -%}
    mod(cast(one.item_number as bigint) * 48271 + other.item_number, 1048576)
{%- endset %}

-- Grain: item_a, item_b (stock codes, in order). Products that are together in enough
-- orders. Nearly all pairs are in too few: pairs are first counted by buckets that many
-- share, and only those of buckets with enough orders each for itself (Park, Chen and
-- Yu 1995).
with
    totals as (
        select {{ var("basket_pair_support") }} * order_count as least_order_count
        from {{ ref("int_basket_counts") }}
        where level = 'product' and item is null
    ),

    names as (select * from {{ ref("int_item_numbers") }}),

    bucket_counts as (
        select {{ bucket }} as bucket, count(*) as order_count
        from {{ ref("int_basket_items") }} as one
        inner join
            {{ ref("int_basket_items") }} as other
            on one.order_number = other.order_number
            and one.item_number < other.item_number
        group by {{ bucket }}
    ),

    frequent_buckets as (
        select bucket_counts.bucket
        from bucket_counts
        -- joined with totals, DuckDB takes them for more than the pairs and keeps
        -- those in memory
        where bucket_counts.order_count >= (select totals.least_order_count from totals)
    ),

    pairs as (
        select
            one.item_number as number_a,
            other.item_number as number_b,
            count(*) as orders_with_both,
            min(one.order_date) as first_order_date,
            max(one.order_date) as last_order_date
        from {{ ref("int_basket_items") }} as one
        inner join
            {{ ref("int_basket_items") }} as other
            on one.order_number = other.order_number
            and one.item_number < other.item_number
        inner join frequent_buckets on {{ bucket }} = frequent_buckets.bucket
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
        inner join totals on pairs.orders_with_both >= totals.least_order_count
        inner join names as names_a on pairs.number_a = names_a.item_number
        inner join names as names_b on pairs.number_b = names_b.item_number
    )

select *
from product_pairs
