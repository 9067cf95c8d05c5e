-- Grain: recipe, parameter, cluster_id, feature, axis. The fits in use at the scoring
-- date, one number or text per row.
with
    cluster_parameters as (select * from {{ ref("py_cluster_parameters") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    current_parameters as (
        select
            scoring_date.as_of_date,
            cluster_parameters.recipe,
            cluster_parameters.parameter,
            cast(cluster_parameters.cluster_id as integer) as cluster_id,
            cluster_parameters.feature,
            cast(cluster_parameters.axis as integer) as axis,
            cluster_parameters.value,
            cluster_parameters.label
        from cluster_parameters
        inner join
            scoring_date
            on cast(cluster_parameters.as_of_date as date) = scoring_date.as_of_date
    )

select *
from current_parameters
