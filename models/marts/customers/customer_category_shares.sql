-- Grain: one row per as_of_date, customer_id and category bought from.
with
    totals as (
        select as_of_date, customer_id, sum(revenue) as revenue
        from {{ ref("int_category_revenue_as_of") }}
        group by as_of_date, customer_id
    ),

    shares as (
        select
            category_revenue.as_of_date,
            category_revenue.customer_id,
            category_revenue.category,
            category_revenue.revenue,
            cast(category_revenue.revenue as double)
            / nullif(cast(totals.revenue as double), 0) as revenue_share
        from {{ ref("int_category_revenue_as_of") }} as category_revenue
        inner join
            totals
            on category_revenue.as_of_date = totals.as_of_date
            and category_revenue.customer_id = totals.customer_id
    )

select *
from shares
