-- Grain: customer_id, recipe, cluster_id. How far every customer is from every
-- cluster: the lowest score is theirs. Squares are summed as decimals, so that the
-- order of rows cannot change a digit.
with
    scaled as (select * from {{ ref("int_customers_scaled") }}),

    centroids as (select * from {{ ref("cluster_centroids") }}),

    whitening as (select * from {{ ref("cluster_whitening") }}),

    away as (
        select
            scaled.customer_id,
            scaled.recipe,
            scaled.feature,
            centroids.cluster_id,
            centroids.score_offset,
            scaled.scaled_value - centroids.scaled_centroid as away
        from scaled
        inner join
            centroids
            on scaled.recipe = centroids.recipe
            and scaled.feature = centroids.feature
    ),

    distances as (
        select
            customer_id,
            recipe,
            cluster_id,
            max(score_offset) as score_offset,
            sum(cast(away * away as decimal(28, 12))) as squared_distance
        from away
        group by customer_id, recipe, cluster_id
    ),

    -- mixtures look along axes of their own, cluster by cluster
    whitened as (
        select
            away.customer_id,
            away.recipe,
            away.cluster_id,
            whitening.axis,
            cast(
                sum(cast(away.away * whitening.weight as decimal(28, 12))) as double
            ) as away
        from away
        inner join
            whitening
            on away.recipe = whitening.recipe
            and away.cluster_id = whitening.cluster_id
            and away.feature = whitening.feature
        group by away.customer_id, away.recipe, away.cluster_id, whitening.axis
    ),

    whitened_distances as (
        select
            customer_id,
            recipe,
            cluster_id,
            sum(cast(away * away as decimal(28, 12))) as squared_distance
        from whitened
        group by customer_id, recipe, cluster_id
    ),

    scores as (
        select
            distances.customer_id,
            distances.recipe,
            distances.cluster_id,
            sqrt(cast(distances.squared_distance as double)) as distance,
            cast(
                coalesce(
                    whitened_distances.squared_distance, distances.squared_distance
                ) as double
            )
            + distances.score_offset as score
        from distances
        left join
            whitened_distances
            on distances.customer_id = whitened_distances.customer_id
            and distances.recipe = whitened_distances.recipe
            and distances.cluster_id = whitened_distances.cluster_id
    )

select *
from scores
