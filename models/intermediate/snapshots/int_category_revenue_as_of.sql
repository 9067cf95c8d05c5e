{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id, category. Revenue by category, less returns matched
-- to a sale.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    category_parts as (select * from {{ ref("int_category_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    sold as (
        select
            feature_dates.as_of_date,
            category_parts.customer_id,
            category_parts.category,
            sum(category_parts.gross_revenue) as gross_revenue
        from category_parts
        inner join
            feature_dates
            on {{ stands_on_date("category_parts", "feature_dates.as_of_date") }}
        group by
            feature_dates.as_of_date,
            category_parts.customer_id,
            category_parts.category
    ),

    returned as (
        select
            feature_dates.as_of_date,
            customer_returns.customer_id,
            customer_returns.category,
            sum(customer_returns.returned_value) as returned_value
        from customer_returns
        inner join
            feature_dates on customer_returns.returned_date < feature_dates.as_of_date
        where customer_returns.order_id is not null
        group by
            feature_dates.as_of_date,
            customer_returns.customer_id,
            customer_returns.category
    ),

    category_revenue as (
        select
            sold.as_of_date,
            sold.customer_id,
            sold.category,
            cast(
                sold.gross_revenue
                {% if var("net_returns") %}
                    - coalesce(returned.returned_value, 0)
                {% endif %} as decimal(18, 4)
            ) as revenue
        from sold
        left join
            returned
            on sold.as_of_date = returned.as_of_date
            and sold.customer_id = returned.customer_id
            and sold.category = returned.category
    )

select *
from category_revenue
