-- Grain: one row per line of order_lines (order_line_id), with its category. To join
-- order_lines itself with categories by line would hold all lines in memory.
with
    reversals as (
        select sale_line_id from {{ ref("int_returns_matched") }} where is_reversal
    ),

    order_line_categories as (
        select
            line_categories.line_id as order_line_id,
            line_categories.order_id,
            line_categories.customer_id,
            line_categories.stock_code,
            line_categories.occurred_date as sold_date,
            line_categories.price as unit_price,
            line_categories.quantity as gross_quantity,
            line_categories.amount as gross_revenue,
            line_categories.category
        from {{ ref("int_line_categories") }} as line_categories
        left join reversals on line_categories.line_id = reversals.sale_line_id
        where
            line_categories.disposition in ('sale', 'anonymous_sale')
            and reversals.sale_line_id is null
    )

select *
from order_line_categories
