{{ config(materialized="table") }}

-- Grain: customer_id, category_number, sold_date, reversed_date. What int_order_parts
-- is to
-- orders, by category.
with
    line_categories as (select * from {{ ref("int_line_categories") }}),

    reversals as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    category_parts as (
        select
            line_categories.customer_id,
            line_categories.category_number,
            line_categories.occurred_date as sold_date,
            reversals.returned_date as reversed_date,
            cast(sum(line_categories.amount) as decimal(18, 4)) as gross_revenue
        from line_categories
        left join reversals on line_categories.line_id = reversals.sale_line_id
        where
            line_categories.disposition = 'sale'
            and (
                reversals.returned_date is null
                or reversals.returned_date > line_categories.occurred_date
            )
        group by
            line_categories.customer_id,
            line_categories.category_number,
            line_categories.occurred_date,
            reversals.returned_date
    )

select *
from category_parts
