{{ config(materialized="table") }}

-- Grain: level, segment, item; item NULL: the orders of the segment, whatever they
-- hold. What pairs are measured against.
with
    category_items as (
        select order_id, category as item, segment
        from {{ ref("int_basket_categories") }}
        union all
        select order_id, category, 'All customers'
        from {{ ref("int_basket_categories") }}
    ),

    products as (select * from {{ ref("int_basket_products") }}),

    basket_counts as (
        select
            'category' as level,
            segment,
            item,
            count(*) as order_count,
            cast(null as bigint) as several_order_count
        from category_items
        group by segment, item
        union all
        select 'category', segment, null, count(*), count(case when size > 1 then 1 end)
        from
            (
                select segment, order_id, count(*) as size
                from category_items
                group by segment, order_id
            ) as orders
        group by segment
        union all
        select 'product', 'All customers', stock_code, count(*), cast(null as bigint)
        from products
        where not is_set_apart
        group by stock_code
        union all
        select
            'product',
            'All customers',
            null,
            count(*),
            count(case when product_count > 1 then 1 end)
        from
            (
                select order_id, max(product_count) as product_count
                from products
                where not is_set_apart
                group by order_id
            ) as product_orders
    )

select *
from basket_counts
