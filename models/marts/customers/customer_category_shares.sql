-- Grain: one row per as_of_date, customer_id and category bought from.
with
    category_revenue as (select * from {{ ref("int_category_revenue_as_of") }}),

    shares as (
        select
            as_of_date,
            customer_id,
            category,
            revenue,
            cast(revenue as double)
            / nullif(cast(customer_revenue as double), 0) as revenue_share
        from category_revenue
    )

select *
from shares
