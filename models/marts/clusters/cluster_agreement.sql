-- Grain: one row per pair of recipes (recipe before other_recipe in the alphabet): how
-- far their labels agree, by the adjusted Rand index (Hubert & Arabie 1985).
with
    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    cells as (
        select
            customer_clusters.as_of_date,
            customer_clusters.recipe,
            other_clusters.recipe as other_recipe,
            customer_clusters.cluster_id,
            other_clusters.cluster_id as other_cluster_id,
            count(*) as customer_count
        from customer_clusters
        inner join
            customer_clusters as other_clusters
            on customer_clusters.customer_id = other_clusters.customer_id
            and customer_clusters.recipe < other_clusters.recipe
        group by
            customer_clusters.as_of_date,
            customer_clusters.recipe,
            other_clusters.recipe,
            customer_clusters.cluster_id,
            other_clusters.cluster_id
    ),

    sizes as (
        select recipe, cluster_id, count(*) as customer_count
        from customer_clusters
        group by recipe, cluster_id
    ),

    -- pairs of customers that a recipe puts together; twice their number, to stay whole
    together as (
        select
            recipe,
            sum(customer_count) as customer_count,
            sum(
                {{ exact_integer("customer_count") }}
                * ({{ exact_integer("customer_count") }} - 1)
            ) as pair_count
        from sizes
        group by recipe
    ),

    together_in_both as (
        select
            as_of_date,
            recipe,
            other_recipe,
            sum(
                {{ exact_integer("customer_count") }}
                * ({{ exact_integer("customer_count") }} - 1)
            ) as pair_count
        from cells
        group by as_of_date, recipe, other_recipe
    ),

    indexed as (
        select
            together_in_both.as_of_date,
            together_in_both.recipe,
            together_in_both.other_recipe,
            cast(together_in_both.pair_count as double) as observed,
            cast(first_recipe.pair_count as double)
            * cast(second_recipe.pair_count as double)
            / nullif(
                cast(first_recipe.customer_count as double)
                * (cast(first_recipe.customer_count as double) - 1),
                0
            ) as expected,
            (
                cast(first_recipe.pair_count as double)
                + cast(second_recipe.pair_count as double)
            )
            / 2 as most
        from together_in_both
        inner join
            together as first_recipe on together_in_both.recipe = first_recipe.recipe
        inner join
            together as second_recipe
            on together_in_both.other_recipe = second_recipe.recipe
    ),

    cluster_agreement as (
        select
            as_of_date,
            recipe,
            other_recipe,
            -- two segmentations that cannot differ agree
            case
                when expected is null or most = expected
                then 1e0
                else (observed - expected) / (most - expected)
            end as adjusted_rand_index
        from indexed
    )

select *
from cluster_agreement
