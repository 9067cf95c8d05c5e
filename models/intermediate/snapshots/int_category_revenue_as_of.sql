{{ config(materialized="table") }}

{# the scoring date, the origins and the dates of the var, at most #}
{% set date_numbers = range(
    1,
    2 + (var("prediction_origins") | int) + var("feature_as_of_dates")
    | length,
) %}

-- Grain: as_of_date, customer_id, category. Revenue by category, less returns matched
-- to a sale.
with
    feature_dates as (
        select as_of_date, row_number() over (order by as_of_date) as date_number
        from {{ ref("int_as_of_dates") }}
        where is_feature_date
    ),

    category_parts as (select * from {{ ref("int_category_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    -- a column for each date: a row for each date and sale would be many more to group
    sold_by_date as (
        select
            category_parts.customer_id,
            category_parts.category
            {% for number in date_numbers %}
                ,
                sum(
                    case
                        when
                            {{
                                stands_on_date(
                                    "category_parts", "date_" ~ number ~ ".as_of_date"
                                )
                            }}
                        then category_parts.gross_revenue
                    end
                ) as gross_revenue_{{ number }}
            {% endfor %}
        from category_parts
        {% for number in date_numbers %}
            left join
                feature_dates as date_{{ number }}
                on date_{{ number }}.date_number = {{ number }}
        {% endfor %}
        group by category_parts.customer_id, category_parts.category
    ),

    sold_on_all_dates as (
        select
            feature_dates.as_of_date,
            sold_by_date.customer_id,
            sold_by_date.category,
            case
                feature_dates.date_number
                {% for number in date_numbers %}
                    when {{ number }} then sold_by_date.gross_revenue_{{ number }}
                {% endfor %}
            end as gross_revenue
        from sold_by_date
        cross join feature_dates
    ),

    sold as (select * from sold_on_all_dates where gross_revenue is not null),

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
