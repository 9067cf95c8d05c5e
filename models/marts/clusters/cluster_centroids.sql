-- Grain: one row per recipe, cluster_id and feature: where the cluster's centre lies,
-- in scaled and in natural units, at the scoring date.
with
    parameters as (
        select *
        from {{ ref("int_cluster_parameters") }}
        where cluster_id is not null and coalesce(label, '') <> 'evaluation'
    ),

    names as (
        select recipe, cluster_id, label as cluster_name
        from parameters
        where parameter = 'name'
    ),

    offsets as (
        select recipe, cluster_id, value as score_offset
        from parameters
        where parameter = 'offset'
    ),

    centroids as (
        select
            max(as_of_date) as as_of_date,
            recipe,
            cluster_id,
            feature,
            max(case when parameter = 'centroid' then value end) as scaled_centroid,
            max(case when parameter = 'natural_centroid' then value end) as centroid
        from parameters
        where parameter in ('centroid', 'natural_centroid')
        group by recipe, cluster_id, feature
    ),

    cluster_centroids as (
        select
            centroids.as_of_date,
            centroids.recipe,
            centroids.cluster_id,
            names.cluster_name,
            centroids.feature,
            centroids.scaled_centroid,
            centroids.centroid,
            coalesce(offsets.score_offset, 0) as score_offset
        from centroids
        inner join
            names
            on centroids.recipe = names.recipe
            and centroids.cluster_id = names.cluster_id
        left join
            offsets
            on centroids.recipe = offsets.recipe
            and centroids.cluster_id = offsets.cluster_id
    )

select *
from cluster_centroids
