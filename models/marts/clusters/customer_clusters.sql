-- Grain: one row per customer_id and recipe at the scoring date. The label comes from
-- cluster_scalers and cluster_centroids by SQL alone, for every customer.
with
    scores as (select * from {{ ref("int_cluster_scores") }}),

    scaled as (select * from {{ ref("int_customers_scaled") }}),

    names as (
        select distinct as_of_date, recipe, cluster_id, cluster_name
        from {{ ref("cluster_centroids") }}
    ),

    ranked as (
        select
            customer_id,
            recipe,
            cluster_id,
            distance,
            row_number() over (
                partition by customer_id, recipe order by score, cluster_id
            ) as score_rank
        from scores
    ),

    nearest as (
        select
            customer_id,
            recipe,
            max(case when score_rank = 1 then cluster_id end) as cluster_id,
            max(case when score_rank = 1 then distance end) as distance,
            max(case when score_rank = 2 then distance end) as second_distance
        from ranked
        where score_rank <= 2
        group by customer_id, recipe
    ),

    extremes as (
        select
            customer_id,
            recipe,
            max(case when is_extreme then 1 else 0 end) as is_extreme
        from scaled
        group by customer_id, recipe
    ),

    customer_clusters as (
        select
            names.as_of_date,
            nearest.customer_id,
            nearest.recipe,
            nearest.cluster_id,
            names.cluster_name,
            nearest.distance,
            nearest.second_distance,
            extremes.is_extreme = 1 as is_extreme
        from nearest
        inner join
            names
            on nearest.recipe = names.recipe
            and nearest.cluster_id = names.cluster_id
        inner join
            extremes
            on nearest.customer_id = extremes.customer_id
            and nearest.recipe = extremes.recipe
    )

select *
from customer_clusters
