-- Which cluster of the recipe 'engagement' would a customer with these values be in?
-- Only the published tables are needed; change the values to try others.
with
    cluster_scalers as (
        select * from {{ ref("cluster_scalers") }} where recipe = 'engagement'
    ),

    cluster_centroids as (
        select * from {{ ref("cluster_centroids") }} where recipe = 'engagement'
    ),

    asked as (
        select 'recency_days' as feature, 20.0 as value
        union all
        select 'frequency' as feature, 6.0 as value
        union all
        select 'monetary' as feature, 1500.0 as value
    ),

    scaled as (
        select
            asked.feature,
            (
                ln(
                    1 + least(
                        greatest(asked.value, cluster_scalers.lower_bound),
                        cluster_scalers.upper_bound
                    )
                )
                - cluster_scalers.center
            )
            / cluster_scalers.scale as scaled_value
        from asked
        inner join cluster_scalers on asked.feature = cluster_scalers.feature
    ),

    distances as (
        select
            cluster_centroids.cluster_name,
            sqrt(
                sum(power(scaled.scaled_value - cluster_centroids.scaled_centroid, 2))
            ) as distance
        from scaled
        inner join cluster_centroids on scaled.feature = cluster_centroids.feature
        group by cluster_centroids.cluster_name
    )

select *
from distances
order by distance
