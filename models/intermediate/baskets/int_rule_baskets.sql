-- Grain: level, order_id, item. The orders that rules of up to three items are sought
-- in: of very many, those first by a hash of the order.
with
    categories as (select * from {{ ref("int_basket_categories") }}),

    basket_products as (
        select * from {{ ref("int_basket_products") }} where not is_set_apart
    ),

    products as (select * from {{ ref("products") }}),

    items as (
        select 'category' as level, order_id, category as item
        from categories
        union all
        select
            'product',
            basket_products.order_id,
            concat(basket_products.stock_code, ' ', coalesce(products.description, ''))
        from basket_products
        inner join products on basket_products.stock_code = products.stock_code
    ),

    orders as (
        select
            level,
            order_id,
            row_number() over (
                partition by level order by md5(order_id), order_id
            ) as order_rank
        from items
        group by level, order_id
    ),

    rule_baskets as (
        select items.level, items.order_id, items.item
        from items
        inner join
            orders on items.level = orders.level and items.order_id = orders.order_id
        where orders.order_rank <= {{ var("basket_rule_orders") }}
    )

select *
from rule_baskets
