{{ config(materialized="table") }}

-- Grain: category, month_start: every category sold by the scoring date in every
-- complete month before it, months without sales included.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    line_categories as (select * from {{ ref("int_line_categories") }}),

    days as (select * from {{ ref("int_timing_days") }}),

    reversals as (
        select sale_line_id, return_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    booked as (
        select
            line_categories.category,
            line_categories.occurred_date as booked_date,
            line_categories.amount
        from line_categories
        inner join
            scoring_date on line_categories.occurred_date < scoring_date.as_of_date
        left join reversals on line_categories.line_id = reversals.sale_line_id
        where
            line_categories.disposition in ('sale', 'anonymous_sale')
            and (
                reversals.returned_date is null
                or reversals.returned_date >= scoring_date.as_of_date
            )
        {% if var("net_returns") %}
            union all
            select
                line_categories.category,
                line_categories.occurred_date as booked_date,
                line_categories.amount
            from line_categories
            inner join
                scoring_date on line_categories.occurred_date < scoring_date.as_of_date
            left join reversals on line_categories.line_id = reversals.return_line_id
            where
                line_categories.disposition in ('return', 'anonymous_return')
                and reversals.return_line_id is null
        {% endif %}
    ),

    booked_by_month as (
        select
            category,
            cast(date_trunc('month', booked_date) as date) as month_start,
            sum(amount) as revenue
        from booked
        group by category, cast(date_trunc('month', booked_date) as date)
    ),

    months as (
        select
            cast(date_trunc('month', order_date) as date) as month_start,
            min(order_date) as first_date,
            max(order_date) as last_date
        from days
        group by cast(date_trunc('month', order_date) as date)
    ),

    complete_months as (
        select month_start
        from months
        where
            first_date = month_start
            and cast(date_trunc('month', {{ add_days("last_date", 1) }}) as date)
            > month_start
    ),

    categories as (select distinct category from booked),

    category_months as (
        select
            categories.category,
            complete_months.month_start,
            cast(coalesce(booked_by_month.revenue, 0) as decimal(18, 4)) as revenue
        from categories
        cross join complete_months
        left join
            booked_by_month
            on categories.category = booked_by_month.category
            and complete_months.month_start = booked_by_month.month_start
    )

select *
from category_months
