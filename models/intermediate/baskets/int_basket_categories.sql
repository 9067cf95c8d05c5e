{{ config(materialized="table") }}

-- Grain: order_id, category. What an order's products belong to, with the segment that
-- its customer is in today. Names and segments come last: grouped with the lines, they
-- took more memory than there is at a hundred million.
with
    categories as (
        select distinct category_number, category
        from {{ ref("int_description_categories") }}
    ),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    order_categories as (
        select
            order_id,
            category_number,
            min(customer_id) as customer_id,
            min(order_date) as order_date
        from {{ ref("int_basket_lines") }}
        group by order_id, category_number
    ),

    basket_categories as (
        select
            order_categories.order_id,
            categories.category,
            customer_segments.segment,
            order_categories.order_date
        from order_categories
        inner join
            categories on order_categories.category_number = categories.category_number
        inner join
            customer_segments
            on order_categories.customer_id = customer_segments.customer_id
    )

select *
from basket_categories
