-- Grain: order_id, stock_code. The latest orders, as many as affinities are learnt
-- from.
with
    purchases as (select * from {{ ref("int_basket_products") }}),

    orders as (
        select
            order_id,
            row_number() over (
                order by max(order_date) desc, order_id asc
            ) as order_rank
        from purchases
        group by order_id
    ),

    recent_purchases as (
        select purchases.*
        from purchases
        inner join orders on purchases.order_id = orders.order_id
        where orders.order_rank <= {{ var("recommendation_orders") }}
    )

select *
from recent_purchases
