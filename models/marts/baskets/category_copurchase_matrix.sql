-- Grain: one row per category and other_category, of the ten in most orders of all
-- customers; the diagonal is the category's own orders.
with
    counts as (
        select *
        from {{ ref("int_basket_counts") }}
        where level = 'category' and segment = 'All customers'
    ),

    ranked as (
        select
            item as category,
            order_count,
            row_number() over (order by order_count desc, item asc) as category_rank
        from counts
        where item is not null
    ),

    top_categories as (select * from ranked where category_rank <= 10),

    pairs as (
        select category_a, category_b, orders_with_both, lift
        from {{ ref("category_pairs") }}
        where segment = 'All customers'
    ),

    category_copurchase_matrix as (
        select
            one.category,
            other.category as other_category,
            cast(one.category_rank as integer) as category_rank,
            cast(other.category_rank as integer) as other_category_rank,
            case
                when one.category = other.category
                then one.order_count
                else coalesce(pairs.orders_with_both, 0)
            end as orders_with_both,
            cast(
                case
                    when one.category = other.category
                    then one.order_count
                    else coalesce(pairs.orders_with_both, 0)
                end as double
            )
            / one.order_count as share_of_category,
            case
                when one.category <> other.category then coalesce(pairs.lift, 0)
            end as lift
        from top_categories as one
        cross join top_categories as other
        left join
            pairs
            on pairs.category_a = least(one.category, other.category)
            and pairs.category_b = greatest(one.category, other.category)
    )

select *
from category_copurchase_matrix
