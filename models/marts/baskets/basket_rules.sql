-- Grain: one row per level, antecedents and consequents: association rules of up to
-- three items.
with
    rules as (select * from {{ ref("py_basket_rules") }}),

    basket_rules as (
        select
            cast(level as string) as level,
            cast(antecedents as string) as antecedents,
            cast(consequents as string) as consequents,
            cast(item_count as integer) as item_count,
            cast(order_count as bigint) as order_count,
            cast(support as double) as support,
            cast(antecedent_support as double) as antecedent_support,
            cast(consequent_support as double) as consequent_support,
            cast(confidence as double) as confidence,
            cast(lift as double) as lift,
            cast(leverage as double) as leverage,
            cast(conviction as double) as conviction,
            cast(p_value as double) as p_value,
            cast(q_value as double) as q_value,
            cast(
                q_value <= {{ var("basket_false_discovery_rate") }} as boolean
            ) as is_significant
        from rules
    )

select
    *,
    cast(
        row_number() over (
            partition by level
            order by
                case when is_significant then 0 else 1 end asc,
                lift desc,
                support desc,
                antecedents asc,
                consequents asc
        ) as bigint
    ) as rule_rank
from basket_rules
