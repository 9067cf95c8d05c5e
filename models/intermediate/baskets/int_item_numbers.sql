-- Grain: item. Products in enough orders to be in a pair, numbered.
with
    counts as (select * from {{ ref("int_basket_counts") }} where level = 'product'),

    items as (
        select
            items.item,
            items.order_count,
            cast(row_number() over (order by items.item) as integer) as item_number
        from counts as items
        inner join
            counts as totals
            on totals.item is null
            and items.order_count
            >= {{ var("basket_pair_support") }} * totals.order_count
        where items.item is not null
    )

select *
from items
