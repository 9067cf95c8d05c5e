-- Grain: one row per customer_id and recipe at the scoring date: coordinates for a
-- plot, the first two principal components of the scaled features.
with
    scaled as (select * from {{ ref("int_customers_scaled") }}),

    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    projected as (
        select
            customer_id,
            recipe,
            {% for axis in ["x", "y"] %}
                cast(
                    sum(
                        cast(scaled_value * plot_{{ axis }}_loading as decimal(28, 12))
                    ) as double
                ) as plot_{{ axis }}{{ "," if not loop.last }}
            {% endfor %}
        from scaled
        group by customer_id, recipe
    ),

    cluster_projection as (
        select
            customer_clusters.as_of_date,
            customer_clusters.customer_id,
            customer_clusters.recipe,
            customer_clusters.cluster_name,
            projected.plot_x,
            projected.plot_y
        from customer_clusters
        inner join
            projected
            on customer_clusters.customer_id = projected.customer_id
            and customer_clusters.recipe = projected.recipe
    )

select *
from cluster_projection
