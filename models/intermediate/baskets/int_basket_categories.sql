{{ config(materialized="table") }}

-- Grain: order_id, category. What an order's products belong to, with the segment that
-- its customer is in today.
with
    basket_lines as (select * from {{ ref("int_basket_lines") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    basket_categories as (
        select
            basket_lines.order_id,
            basket_lines.category,
            min(customer_segments.segment) as segment,
            min(basket_lines.order_date) as order_date
        from basket_lines
        inner join
            customer_segments
            on basket_lines.customer_id = customer_segments.customer_id
        group by basket_lines.order_id, basket_lines.category
    )

select *
from basket_categories
