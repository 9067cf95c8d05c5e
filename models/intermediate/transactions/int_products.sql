{{ config(materialized="table") }}

-- Grain: one row per stock code with a kept line. Reference data: taken as it is
-- today, at any as-of date.
with
    product_descriptions as (select * from {{ ref("int_product_descriptions") }}),

    description_categories as (select * from {{ ref("int_description_categories") }}),

    -- the most frequent description; tie: the longest, then alphabetical
    ranked as (
        select
            stock_code,
            description,
            count(description) over (partition by stock_code) as description_count,
            row_number() over (
                partition by stock_code
                order by
                    case when description is null then 1 else 0 end,
                    line_count desc,
                    length(description) desc,
                    description
            ) as description_rank
        from product_descriptions
    ),

    products as (
        select
            ranked.stock_code,
            ranked.description,
            ranked.description_count,
            description_categories.category,
            description_categories.category_number,
            description_categories.keyword,
            description_categories.priority
        from ranked
        inner join
            description_categories
            on coalesce(ranked.description, '') = description_categories.description
        where ranked.description_rank = 1
    )

select *
from products
