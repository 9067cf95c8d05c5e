-- Which segmentation can be trusted? Quality never without stability and the smallest
-- share.
with
    cluster_evaluation as (
        select * from {{ ref("cluster_evaluation") }} where is_chosen
    ),

    cluster_runs as (select * from {{ ref("cluster_runs") }})

select
    cluster_runs.recipe,
    cluster_runs.algorithm,
    cluster_runs.cluster_count,
    round(cluster_evaluation.silhouette, 3) as silhouette,
    round(cluster_evaluation.bootstrap_ari_mean, 3) as bootstrap_ari_mean,
    round(cluster_evaluation.bootstrap_ari_min, 3) as bootstrap_ari_min,
    round(cluster_evaluation.smallest_share, 3) as smallest_share,
    cluster_runs.fitted_as_of,
    cluster_runs.decision
from cluster_runs
left join cluster_evaluation on cluster_runs.recipe = cluster_evaluation.recipe
order by bootstrap_ari_mean desc, cluster_runs.recipe asc
