{{ config(materialized="table") }}

-- Grain: customer_id, recipe. How far every customer is from every cluster, squared: a
-- column per cluster instead of a row keeps what is grouped small. Summed as decimals,
-- so that the order of rows cannot change a digit.
{% set clusters = range([var("cluster_count_limit") | int, 1] | max) %}
with
    scaled as (select * from {{ ref("int_customers_scaled") }}),

    cluster_centroids as (select * from {{ ref("cluster_centroids") }}),

    centroids as (
        select recipe, feature, {{ by_cluster("scaled_centroid") }}
        from cluster_centroids
        group by recipe, feature
    ),

    distances as (
        select
            scaled.customer_id,
            scaled.recipe,
            max(case when scaled.is_extreme then 1 else 0 end) as is_extreme,
            {% for i in clusters %}
                cast(
                    sum(
                        cast(
                            (
                                scaled.scaled_value - centroids.scaled_centroid_{{ i }}
                            ) * (
                                scaled.scaled_value - centroids.scaled_centroid_{{ i }}
                            ) as decimal(28, 12)
                        )
                    ) as double
                ) as squared_distance_{{ i }}{{ "," if not loop.last }}
            {% endfor %}
        from scaled
        inner join
            centroids
            on scaled.recipe = centroids.recipe
            and scaled.feature = centroids.feature
        group by scaled.customer_id, scaled.recipe
    )

select *
from distances
