{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "orders",
                "key": "order_id",
                "inputs": {"order_lines": "order_id"},
            }
        },
    )
}}

-- Grain: one row per order (invoice) with at least one kept sale line.
with
    order_lines as (select * from {{ ref("order_lines") }}),

    orders as (
        select
            order_id,
            min(customer_id) as customer_id,
            min(sold_at) as ordered_at,
            min(sold_date) as order_date,
            min(country) as country,
            count(*) as line_count,
            count(distinct stock_code) as product_count,
            cast(sum(gross_quantity) as bigint) as gross_quantity,
            cast(sum(gross_revenue) as decimal(18, 4)) as gross_revenue,
            cast(sum(returned_quantity) as bigint) as returned_quantity,
            cast(sum(returned_revenue) as decimal(18, 4)) as returned_revenue,
            cast(sum(quantity) as bigint) as quantity,
            cast(sum(revenue) as decimal(18, 4)) as revenue
        from order_lines
        group by order_id
    )

select *
from orders
