{{ config(materialized="table") }}

-- Grain: stock_code, description. What a product is called on its kept lines, in upper
-- case; NULL where a line has no description.
with
    -- as written first: fewer texts to turn into upper case
    written_descriptions as (
        select stock_code, description, count(*) as line_count
        from {{ ref("int_transactions_classified") }}
        where disposition in ('sale', 'return', 'anonymous_sale', 'anonymous_return')
        group by stock_code, description
    ),

    product_descriptions as (
        select
            stock_code,
            upper(description) as description,
            cast(sum(line_count) as bigint) as line_count
        from written_descriptions
        group by stock_code, upper(description)
    )

select *
from product_descriptions
