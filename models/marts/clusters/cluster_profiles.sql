-- Grain: one row per recipe and cluster at the scoring date, empty clusters included:
-- who is in it, what they are worth, what it is called and what to do.
{% set measures = ["recency_days", "frequency", "monetary"] %}
with
    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    customer_features as (select * from {{ ref("customer_features") }}),

    recipes as (select * from {{ ref("segmentation_recipes") }}),

    naming_rules as (select * from {{ ref("cluster_naming_rules") }}),

    clusters as (
        select distinct as_of_date, recipe, cluster_id, cluster_name
        from {{ ref("cluster_centroids") }}
    ),

    members as (
        select
            customer_clusters.recipe,
            customer_clusters.cluster_id,
            customer_clusters.is_extreme,
            customer_features.recency_days,
            customer_features.frequency,
            customer_features.monetary
        from customer_clusters
        inner join
            customer_features
            on customer_clusters.as_of_date = customer_features.as_of_date
            and customer_clusters.customer_id = customer_features.customer_id
    ),

    totals as (
        select recipe, count(*) as customer_count, sum(monetary) as revenue
        from members
        group by recipe
    ),

    profiled as (
        select
            recipe,
            cluster_id,
            count(*) as customer_count,
            sum(case when is_extreme then 1 else 0 end) as extreme_customer_count,
            sum(monetary) as revenue,
            sum(frequency) as order_count,
            {% for measure in measures %}
                cast(sum({{ measure }}) as double) / count(*) as avg_{{ measure }},
                percentile_cont(0.5) within group (
                    order by cast({{ measure }} as double)
                ) as median_{{ measure }}{{ "," if not loop.last }}
            {% endfor %}
        from members
        group by recipe, cluster_id
    ),

    cluster_profiles as (
        select
            clusters.as_of_date,
            clusters.recipe,
            clusters.cluster_id,
            clusters.cluster_name,
            cast(coalesce(profiled.customer_count, 0) as bigint) as customer_count,
            cast(coalesce(profiled.customer_count, 0) as double)
            / totals.customer_count as customer_share,
            cast(
                coalesce(profiled.extreme_customer_count, 0) as bigint
            ) as extreme_customer_count,
            cast(coalesce(profiled.revenue, 0) as decimal(18, 4)) as revenue,
            cast(coalesce(profiled.revenue, 0) as double)
            / nullif(cast(totals.revenue as double), 0) as revenue_share,
            cast(coalesce(profiled.order_count, 0) as bigint) as order_count,
            {% for measure in measures %}
                profiled.avg_{{ measure }}, profiled.median_{{ measure }},
            {% endfor %}
            cast(profiled.revenue as double) / nullif(profiled.order_count, 0) as aov,
            naming_rules.interpretation,
            naming_rules.recommended_actions
        from clusters
        inner join totals on clusters.recipe = totals.recipe
        inner join recipes on clusters.recipe = recipes.recipe
        left join
            profiled
            on clusters.recipe = profiled.recipe
            and clusters.cluster_id = profiled.cluster_id
        left join
            naming_rules
            on clusters.cluster_name = naming_rules.cluster_name
            and naming_rules.naming_rules in (recipes.naming_rules, 'lone')
    )

select *
from cluster_profiles
