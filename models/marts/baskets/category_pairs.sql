-- Grain: one row per segment, category_a and category_b (category_a < category_b).
with
    category_pairs as (
        select
            segment,
            item_a as category_a,
            item_b as category_b,
            orders_with_both,
            orders_with_a,
            orders_with_b,
            order_count,
            support,
            confidence_a_to_b,
            confidence_b_to_a,
            lift,
            leverage,
            conviction_a_to_b,
            conviction_b_to_a,
            p_value,
            q_value,
            is_significant,
            pair_rank,
            first_order_date,
            last_order_date
        from {{ ref("int_pair_measures") }}
        where level = 'category'
    )

select *
from category_pairs
