-- Grain: one row per level and segment. How many orders pairs and rules are sought in,
-- and how many were left out.
with
    counts as (select * from {{ ref("int_basket_counts") }}),

    set_apart as (
        select count(distinct order_id) as order_count
        from {{ ref("int_basket_products") }}
        where is_set_apart
    ),

    items as (
        select level, segment, count(*) as item_count
        from counts
        where item is not null
        group by level, segment
    ),

    basket_counts as (
        select
            counts.level,
            counts.segment,
            counts.order_count,
            counts.several_order_count,
            cast(
                case
                    when counts.level = 'product' then set_apart.order_count else 0
                end as bigint
            ) as set_apart_order_count,
            coalesce(items.item_count, 0) as item_count
        from counts
        cross join set_apart
        left join items on counts.level = items.level and counts.segment = items.segment
        where counts.item is null
    )

select *
from basket_counts
