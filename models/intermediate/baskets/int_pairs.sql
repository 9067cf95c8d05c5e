{{ config(materialized="table") }}

-- Grain: level, segment, item_a, item_b (item_a < item_b). Pairs of categories, by
-- segment too, and of products, with what they are measured against.
with
    basket_categories as (select * from {{ ref("int_basket_categories") }}),

    segment_pairs as (
        select
            one.segment,
            one.category as item_a,
            other.category as item_b,
            count(*) as orders_with_both,
            min(one.order_date) as first_order_date,
            max(one.order_date) as last_order_date
        from basket_categories as one
        inner join
            basket_categories as other
            on one.order_id = other.order_id
            and one.category < other.category
        group by one.segment, one.category, other.category
    ),

    category_pairs as (
        select *
        from segment_pairs
        union all
        select
            'All customers',
            item_a,
            item_b,
            cast(sum(orders_with_both) as bigint),
            min(first_order_date),
            max(last_order_date)
        from segment_pairs
        group by item_a, item_b
    ),

    counts as (select * from {{ ref("int_basket_counts") }} where item is not null),

    totals as (select * from {{ ref("int_basket_counts") }} where item is null),

    category_counts as (select * from counts where level = 'category'),

    pairs as (
        select
            'category' as level,
            category_pairs.segment,
            category_pairs.item_a,
            category_pairs.item_b,
            category_pairs.orders_with_both,
            counts_a.order_count as orders_with_a,
            counts_b.order_count as orders_with_b,
            category_pairs.first_order_date,
            category_pairs.last_order_date
        from category_pairs
        inner join
            category_counts as counts_a
            on category_pairs.segment = counts_a.segment
            and category_pairs.item_a = counts_a.item
        inner join
            category_counts as counts_b
            on category_pairs.segment = counts_b.segment
            and category_pairs.item_b = counts_b.item
        union all
        select
            'product',
            'All customers',
            item_a,
            item_b,
            orders_with_both,
            orders_with_a,
            orders_with_b,
            first_order_date,
            last_order_date
        from {{ ref("int_product_pairs") }}
    ),

    -- of the items that could be in a pair, each with each
    tests as (
        select
            counts.level, counts.segment, count(*) * (count(*) - 1) / 2 as tested_pairs
        from counts
        inner join
            totals
            on counts.level = totals.level
            and counts.segment = totals.segment
            and (
                counts.level = 'category'
                or counts.order_count
                >= {{ var("basket_pair_support") }} * totals.order_count
            )
        group by counts.level, counts.segment
    ),

    measured_pairs as (
        select
            pairs.*,
            totals.order_count,
            cast(tests.tested_pairs as bigint) as tested_pairs
        from pairs
        inner join
            totals on pairs.level = totals.level and pairs.segment = totals.segment
        inner join tests on pairs.level = tests.level and pairs.segment = tests.segment
    )

select *
from measured_pairs
