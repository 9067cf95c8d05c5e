-- Grain: one row per recipe and cluster_id, at the scoring date (as_of_date).
with
    cluster_profiles as (select * from {{ ref("cluster_profiles") }}),

    cluster_runs as (select * from {{ ref("cluster_runs") }}),

    segmentation_recipes as (select * from {{ ref("segmentation_recipes") }}),

    report_clusters as (
        select
            cluster_profiles.as_of_date,
            cluster_profiles.recipe,
            segmentation_recipes.display_order as recipe_order,
            segmentation_recipes.purpose,
            cluster_runs.algorithm,
            cluster_runs.fitted_as_of,
            cluster_runs.decision,
            cluster_runs.reason as decision_reason,
            cluster_profiles.cluster_id,
            cluster_profiles.cluster_name,
            cast(
                row_number() over (
                    partition by cluster_profiles.recipe
                    order by
                        cluster_profiles.avg_monetary desc,
                        cluster_profiles.cluster_id asc
                ) as integer
            ) as cluster_order,
            {{ is_small_cell("cluster_profiles.customer_count") }} as is_suppressed,
            {% for figure in [
                "customer_count",
                "customer_share",
                "revenue",
                "revenue_share",
                "median_recency_days",
                "median_frequency",
                "median_monetary",
                "aov",
            ] %}
                {{
                    unless_small_cell(
                        "cluster_profiles." ~ figure,
                        "cluster_profiles.customer_count",
                    )
                }} as {{ figure }},
            {% endfor %}
            cluster_profiles.interpretation,
            cluster_profiles.recommended_actions
        from cluster_profiles
        inner join cluster_runs on cluster_profiles.recipe = cluster_runs.recipe
        inner join
            segmentation_recipes
            on cluster_profiles.recipe = segmentation_recipes.recipe
    )

select *
from report_clusters
