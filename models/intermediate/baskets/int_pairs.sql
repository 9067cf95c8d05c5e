{{ config(materialized="table") }}

-- Grain: level, segment, item_a, item_b (item_a < item_b). Pairs of categories, by
-- segment too, and of products, with what they are measured against.
with
    categories as (
        select order_id, category, segment, order_date
        from {{ ref("int_basket_categories") }}
        union all
        select order_id, category, 'All customers', order_date
        from {{ ref("int_basket_categories") }}
    ),

    pairs as (
        select
            'category' as level,
            one.segment,
            one.category as item_a,
            other.category as item_b,
            count(*) as orders_with_both,
            min(one.order_date) as first_order_date,
            max(one.order_date) as last_order_date
        from categories as one
        inner join
            categories as other
            on one.order_id = other.order_id
            and one.segment = other.segment
            and one.category < other.category
        group by one.segment, one.category, other.category
        union all
        select
            'product',
            'All customers',
            item_a,
            item_b,
            orders_with_both,
            first_order_date,
            last_order_date
        from {{ ref("int_product_pairs") }}
    ),

    counts as (select * from {{ ref("int_basket_counts") }} where item is not null),

    totals as (select * from {{ ref("int_basket_counts") }} where item is null),

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
            counts_a.order_count as orders_with_a,
            counts_b.order_count as orders_with_b,
            totals.order_count,
            cast(tests.tested_pairs as bigint) as tested_pairs
        from pairs
        inner join
            totals on pairs.level = totals.level and pairs.segment = totals.segment
        inner join tests on pairs.level = tests.level and pairs.segment = tests.segment
        inner join
            counts as counts_a
            on pairs.level = counts_a.level
            and pairs.segment = counts_a.segment
            and pairs.item_a = counts_a.item
        inner join
            counts as counts_b
            on pairs.level = counts_b.level
            and pairs.segment = counts_b.segment
            and pairs.item_b = counts_b.item
    )

select *
from measured_pairs
