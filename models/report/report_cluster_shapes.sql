-- Grain: one row per recipe, cluster_id and feature, at the scoring date (as_of_date):
-- the lines of parallel coordinates.
with
    profiles as (select * from {{ ref("cluster_feature_profiles") }}),

    cluster_centroids as (select * from {{ ref("cluster_centroids") }}),

    feature_wordings as (select * from {{ ref("feature_wordings") }}),

    report_cluster_shapes as (
        select
            profiles.as_of_date,
            profiles.recipe,
            profiles.cluster_id,
            profiles.cluster_name,
            profiles.feature,
            coalesce(
                feature_wordings.wording, replace(profiles.feature, '_', ' ')
            ) as feature_name,
            profiles.position,
            cluster_centroids.scaled_centroid,
            {{ is_small_cell("profiles.known_count") }} as is_suppressed,
            {{ unless_small_cell("profiles.avg_value", "profiles.known_count") }}
            as avg_value,
            {{ unless_small_cell("profiles.median_value", "profiles.known_count") }}
            as median_value
        from profiles
        inner join
            cluster_centroids
            on profiles.recipe = cluster_centroids.recipe
            and profiles.cluster_id = cluster_centroids.cluster_id
            and profiles.feature = cluster_centroids.feature
        left join feature_wordings on profiles.feature = feature_wordings.feature
    )

select *
from report_cluster_shapes
