{{ config(materialized="table") }}

-- Grain: stock_code, description. What a product is called on its kept lines, in upper
-- case; NULL where a line has no description.
with
    kept_lines as (
        select line_id, stock_code
        from {{ ref("int_transactions_classified") }}
        where disposition in ('sale', 'return', 'anonymous_sale', 'anonymous_return')
    ),

    transactions as (select line_id, description from {{ ref("stg_transactions") }}),

    product_descriptions as (
        select
            kept_lines.stock_code,
            upper(transactions.description) as description,
            count(*) as line_count
        from kept_lines
        inner join transactions on kept_lines.line_id = transactions.line_id
        group by kept_lines.stock_code, upper(transactions.description)
    )

select *
from product_descriptions
