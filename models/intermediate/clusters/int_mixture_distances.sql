{{ config(materialized="table") }}

-- Grain: customer_id, recipe, of mixtures only: how far every customer is from every
-- cluster, squared, along the cluster's own axes.
{% set clusters = range([var("cluster_count_limit") | int, 1] | max) %}
with
    scaled as (select * from {{ ref("int_customers_scaled") }}),

    cluster_centroids as (select * from {{ ref("cluster_centroids") }}),

    cluster_whitening as (select * from {{ ref("cluster_whitening") }}),

    centroids as (
        select recipe, feature, {{ by_cluster("scaled_centroid") }}
        from cluster_centroids
        group by recipe, feature
    ),

    weights as (
        select recipe, feature, axis, {{ by_cluster("weight") }}
        from cluster_whitening
        where weight <> 0
        group by recipe, feature, axis
    ),

    along_axes as (
        select
            scaled.customer_id,
            scaled.recipe,
            weights.axis,
            {% for i in clusters %}
                cast(
                    sum(
                        cast(
                            (scaled.scaled_value - centroids.scaled_centroid_{{ i }})
                            * weights.weight_{{ i }} as decimal(28, 12)
                        )
                    ) as double
                ) as away_{{ i }}{{ "," if not loop.last }}
            {% endfor %}
        from scaled
        inner join
            centroids
            on scaled.recipe = centroids.recipe
            and scaled.feature = centroids.feature
        inner join
            weights
            on scaled.recipe = weights.recipe
            and scaled.feature = weights.feature
        group by scaled.customer_id, scaled.recipe, weights.axis
    ),

    whitened as (
        select
            customer_id,
            recipe,
            {% for i in clusters %}
                cast(
                    sum(cast(away_{{ i }} * away_{{ i }} as decimal(28, 12))) as double
                ) as squared_distance_{{ i }}{{ "," if not loop.last }}
            {% endfor %}
        from along_axes
        group by customer_id, recipe
    )

select *
from whitened
