-- Grain: one row per as_of_date, customer_id and recipe: the labels that each build up
-- to the scoring date gave, as they were given.
with
    labels as (select * from {{ ref("int_cluster_labels") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    shops as (
        select label as shop
        from {{ ref("int_cluster_parameters") }}
        where parameter = 'shop'
    ),

    cluster_label_history as (
        select
            labels.as_of_date,
            labels.customer_id,
            labels.recipe,
            labels.cluster_id,
            labels.cluster_name
        from labels
        -- a warehouse may have held another shop, or have been built for later dates
        inner join shops on labels.shop = shops.shop
        inner join scoring_date on labels.as_of_date <= scoring_date.as_of_date
    )

select *
from cluster_label_history
