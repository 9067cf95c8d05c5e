{{ config(materialized="table") }}

-- Grain: one row per feature date and order part that stands on it.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    order_parts_as_of as (
        select feature_dates.as_of_date, feature_dates.as_of_at, order_parts.*
        from order_parts
        inner join
            feature_dates
            on {{ stands_on_date("order_parts", "feature_dates.as_of_date") }}
    )

select *
from order_parts_as_of
