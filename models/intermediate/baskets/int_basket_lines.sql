-- Grain: one row per sale line (line_id) of a known customer that stands at the scoring
-- date: what baskets are made of.
with
    line_categories as (
        select * from {{ ref("int_line_categories") }} where disposition = 'sale'
    ),

    reversals as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    basket_lines as (
        select
            line_categories.line_id,
            line_categories.order_id,
            line_categories.customer_id,
            line_categories.stock_code,
            line_categories.category_number,
            line_categories.occurred_date as order_date
        from line_categories
        inner join
            scoring_date on line_categories.occurred_date < scoring_date.as_of_date
        left join reversals on line_categories.line_id = reversals.sale_line_id
        where
            reversals.returned_date is null
            or (
                reversals.returned_date > line_categories.occurred_date
                and reversals.returned_date >= scoring_date.as_of_date
            )
    )

select *
from basket_lines
