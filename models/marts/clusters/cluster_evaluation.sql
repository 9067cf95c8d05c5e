-- Grain: one row per recipe and number of clusters tried: how good and how stable the
-- segmentation would be. `is_chosen` marks the number in use.
{% set measures = [
    "inertia",
    "silhouette",
    "davies_bouldin",
    "calinski_harabasz",
    "bootstrap_ari_mean",
    "bootstrap_ari_min",
    "smallest_share",
] %}
with
    parameters as (
        select * from {{ ref("int_cluster_parameters") }} where label = 'evaluation'
    ),

    runs as (select * from {{ ref("cluster_runs") }}),

    measured as (
        select
            recipe,
            cluster_id as cluster_count,
            {% for measure in measures %}
                max(
                    case when parameter = '{{ measure }}' then value end
                ) as {{ measure }}{{ "," if not loop.last }}
            {% endfor %}
        from parameters
        group by recipe, cluster_id
    ),

    cluster_evaluation as (
        select
            runs.as_of_date,
            runs.fitted_as_of,
            measured.recipe,
            measured.cluster_count,
            {% for measure in measures %} measured.{{ measure }}, {% endfor %}
            measured.cluster_count = runs.cluster_count as is_chosen
        from measured
        inner join runs on measured.recipe = runs.recipe
    )

select *
from cluster_evaluation
