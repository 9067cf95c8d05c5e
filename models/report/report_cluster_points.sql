-- Grain: one row per customer_id of report_customer_sample and recipe: the dots of the
-- plot of clusters, at the scoring date (as_of_date).
with
    cluster_projection as (select * from {{ ref("cluster_projection") }}),

    customer_sample as (select * from {{ ref("report_customer_sample") }}),

    report_cluster_points as (
        select
            cluster_projection.as_of_date,
            cluster_projection.customer_id,
            customer_sample.sample_number,
            cluster_projection.recipe,
            cluster_projection.cluster_name,
            cluster_projection.plot_x,
            cluster_projection.plot_y
        from cluster_projection
        inner join
            customer_sample
            on cluster_projection.customer_id = customer_sample.customer_id
    )

select *
from report_cluster_points
