{{ config(materialized="table") }}

-- Grain: customer_id, category_number, first_as_of_date, reversed_date. What
-- int_order_parts is to orders, by category, and summed up to the first feature date
-- that sees the lines.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    first_dates as (
        select days.sold_date, min(feature_dates.as_of_date) as first_as_of_date
        from (select distinct sold_date from {{ ref("int_order_parts") }}) as days
        inner join feature_dates on days.sold_date < feature_dates.as_of_date
        group by days.sold_date
    ),

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
            first_dates.first_as_of_date,
            reversals.returned_date as reversed_date,
            cast(sum(line_categories.amount) as decimal(18, 4)) as gross_revenue
        from line_categories
        inner join first_dates on line_categories.occurred_date = first_dates.sold_date
        left join reversals on line_categories.line_id = reversals.sale_line_id
        where
            line_categories.disposition = 'sale'
            and (
                reversals.returned_date is null
                or reversals.returned_date >= first_dates.first_as_of_date
            )
        group by
            line_categories.customer_id,
            line_categories.category_number,
            first_dates.first_as_of_date,
            reversals.returned_date
    )

select *
from category_parts
