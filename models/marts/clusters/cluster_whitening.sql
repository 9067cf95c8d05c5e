-- Grain: one row per recipe, cluster_id, feature and axis, of mixtures only: the
-- Cholesky factor of the cluster's precision matrix.
-- score = sum over axes of (sum over features of (scaled - centroid) * weight)^2
-- + score_offset
with
    parameters as (select * from {{ ref("int_cluster_parameters") }}),

    cluster_whitening as (
        select as_of_date, recipe, cluster_id, feature, axis, value as weight
        from parameters
        where parameter = 'whitening'
    )

select *
from cluster_whitening
