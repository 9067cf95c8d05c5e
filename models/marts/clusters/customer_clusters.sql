-- Grain: one row per customer_id and recipe at the scoring date. The label comes from
-- cluster_scalers and cluster_centroids by SQL alone, for every customer.
with
    nearest as (select * from {{ ref("int_nearest_clusters") }}),

    names as (
        select distinct as_of_date, recipe, cluster_id, cluster_name
        from {{ ref("cluster_centroids") }}
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
            nearest.is_extreme
        from nearest
        inner join
            names
            on nearest.recipe = names.recipe
            and nearest.cluster_id = names.cluster_id
    )

select *
from customer_clusters
