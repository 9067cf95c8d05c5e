-- A failure means that category months have lost or made up money: their sum is not
-- that
-- of the lines and returns of the same months.
{% set knows_all = var("net_returns") and not var("as_of_date") %}
with
    category_months as (select * from {{ ref("int_category_months") }}),

    months as (select distinct month_start from category_months),

    booked as (
        select sold_date as booked_date, gross_revenue as amount
        from {{ ref("order_lines") }}
        union all
        select returned_date as booked_date, - returned_revenue as amount
        from {{ ref("returns") }}
    ),

    booked_in_months as (
        select sum(booked.amount) as amount
        from booked
        inner join
            months
            on cast(date_trunc('month', booked.booked_date) as date)
            = months.month_start
    ),

    by_category as (select sum(revenue) as amount from category_months)

select by_category.amount, booked_in_months.amount as booked
from by_category
cross join booked_in_months
where {{ "by_category.amount <> booked_in_months.amount" if knows_all else "1 = 0" }}
