{{
    config(
        materialized="incremental",
        unique_key=["as_of_date"],
        incremental_strategy="delete+insert",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: as_of_date, customer_id, recipe. The labels of every build, kept from build to
-- build: a refresh replaces its own date only. `dbt build --full-refresh` forgets them.
with
    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    shops as (
        select label as shop
        from {{ ref("int_cluster_parameters") }}
        where parameter = 'shop'
    ),

    labels as (
        select
            shops.shop,
            customer_clusters.as_of_date,
            customer_clusters.customer_id,
            customer_clusters.recipe,
            customer_clusters.cluster_id,
            customer_clusters.cluster_name
        from customer_clusters
        cross join shops
    )

select *
from labels
