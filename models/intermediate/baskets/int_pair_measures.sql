{{ config(materialized="table") }}

-- Grain: level, segment, item_a, item_b. How much more often than by chance two items
-- are in one order. The best pairs are those that chance does not explain, by lift:
-- what is common is often together anyway.
with
    pairs as (select * from {{ ref("int_pairs") }}),

    tests as (select * from {{ ref("py_pair_significance") }}),

    shares as (
        select
            pairs.*,
            cast(pairs.orders_with_both as double) / pairs.order_count as support,
            cast(pairs.orders_with_a as double) / pairs.order_count as share_a,
            cast(pairs.orders_with_b as double) / pairs.order_count as share_b,
            cast(pairs.orders_with_both as double)
            / pairs.orders_with_a as confidence_a_to_b,
            cast(pairs.orders_with_both as double)
            / pairs.orders_with_b as confidence_b_to_a,
            tests.p_value,
            tests.q_value
        from pairs
        inner join
            tests
            on pairs.level = tests.level
            and pairs.segment = tests.segment
            and pairs.item_a = tests.item_a
            and pairs.item_b = tests.item_b
    ),

    measures as (
        select
            *,
            confidence_a_to_b / share_b as lift,
            support - share_a * share_b as leverage,
            (1 - share_b) / nullif(1 - confidence_a_to_b, 0) as conviction_a_to_b,
            (1 - share_a) / nullif(1 - confidence_b_to_a, 0) as conviction_b_to_a,
            q_value <= {{ var("basket_false_discovery_rate") }} as is_significant
        from shares
    )

select
    *,
    cast(
        row_number() over (
            partition by level, segment
            order by
                case when is_significant then 0 else 1 end asc,
                lift desc,
                orders_with_both desc,
                item_a asc,
                item_b asc
        ) as bigint
    ) as pair_rank
from measures
