-- Grain: one row per stock code with a kept sale or return line. Which category it is
-- in, and why.
with
    products as (select * from {{ ref("int_products") }}),

    product_categories as (
        select
            stock_code,
            description,
            cast(description_count as bigint) as description_count,
            category,
            keyword,
            cast(priority as integer) as priority
        from products
    )

select *
from product_categories
