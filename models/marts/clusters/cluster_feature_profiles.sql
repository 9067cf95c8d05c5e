-- Grain: one row per recipe, cluster with members and feature of the recipe, at the
-- scoring date: what is typical of the members, in natural units.
with
    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    cluster_scalers as (select * from {{ ref("cluster_scalers") }}),

    inputs as (select * from {{ ref("int_cluster_inputs") }}),

    cluster_feature_profiles as (
        select
            max(customer_clusters.as_of_date) as as_of_date,
            customer_clusters.recipe,
            customer_clusters.cluster_id,
            max(customer_clusters.cluster_name) as cluster_name,
            cluster_scalers.feature,
            max(cluster_scalers.position) as position,
            cast(count(inputs.value) as bigint) as known_count,
            cast(sum(cast(inputs.value as decimal(28, 10))) as double)
            / nullif(count(inputs.value), 0) as avg_value,
            percentile_cont(0.5) within group (order by inputs.value) as median_value
        from customer_clusters
        inner join cluster_scalers on customer_clusters.recipe = cluster_scalers.recipe
        inner join
            inputs
            on customer_clusters.customer_id = inputs.customer_id
            and cluster_scalers.feature = inputs.feature
        group by
            customer_clusters.recipe,
            customer_clusters.cluster_id,
            cluster_scalers.feature
    )

select *
from cluster_feature_profiles
