{# Sail would divide by revenue of rows that are left out #}
{{ config(materialized="table" if target.name == "sail" else "view") }}
{# the scoring date, the origins and the dates of the var, at most #}
{% set date_numbers = range(
    1,
    2 + (var("prediction_origins") | int) + var("feature_as_of_dates")
    | length,
) %}

-- Grain: as_of_date, customer_id, category. Revenue by category, less returns matched
-- to a sale. Until the last step there is a column for each date: a row for each date
-- would be many more to group and to join.
with
    feature_dates as (
        select as_of_date, row_number() over (order by as_of_date) as date_number
        from {{ ref("int_as_of_dates") }}
        where is_feature_date
    ),

    categories as (
        select distinct category_number, category
        from {{ ref("int_description_categories") }}
    ),

    category_parts as (select * from {{ ref("int_category_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    sold as (
        select
            category_parts.customer_id,
            category_parts.category_number
            {% for number in date_numbers %}
                ,
                sum(
                    case
                        when
                            category_parts.first_as_of_date
                            <= date_{{ number }}.as_of_date
                            and (
                                category_parts.reversed_date is null
                                or category_parts.reversed_date
                                >= date_{{ number }}.as_of_date
                            )
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
        group by category_parts.customer_id, category_parts.category_number
    ),

    returned as (
        select
            customer_returns.customer_id,
            categories.category_number
            {% for number in date_numbers %}
                ,
                sum(
                    case
                        when
                            customer_returns.returned_date
                            < date_{{ number }}.as_of_date
                        then customer_returns.returned_value
                    end
                ) as returned_value_{{ number }}
            {% endfor %}
        from customer_returns
        inner join categories on customer_returns.category = categories.category
        {% for number in date_numbers %}
            left join
                feature_dates as date_{{ number }}
                on date_{{ number }}.date_number = {{ number }}
        {% endfor %}
        where customer_returns.order_id is not null
        group by customer_returns.customer_id, categories.category_number
    ),

    sold_less_returned as (
        select
            sold.customer_id,
            sold.category_number
            {% for number in date_numbers %}
                ,
                cast(
                    sold.gross_revenue_{{ number }}
                    {% if var("net_returns") %}
                        - coalesce(returned.returned_value_{{ number }}, 0)
                    {% endif %} as decimal(18, 4)
                ) as revenue_{{ number }}
            {% endfor %}
        from sold
        left join
            returned
            on sold.customer_id = returned.customer_id
            and sold.category_number = returned.category_number
    ),

    customer_totals as (
        select
            customer_id
            {% for number in date_numbers %}
                , sum(revenue_{{ number }}) as customer_revenue_{{ number }}
            {% endfor %}
        from sold_less_returned
        group by customer_id
    ),

    on_all_dates as (
        select
            feature_dates.as_of_date,
            sold_less_returned.customer_id,
            categories.category,
            {% for measure in ["revenue", "customer_revenue"] %}
                case
                    feature_dates.date_number
                    {% for number in date_numbers %}
                        when {{ number }} then {{ measure }}_{{ number }}
                    {% endfor %}
                end as {{ measure }}{{ "," if not loop.last }}
            {% endfor %}
        from sold_less_returned
        inner join
            customer_totals
            on sold_less_returned.customer_id = customer_totals.customer_id
        inner join
            categories
            on sold_less_returned.category_number = categories.category_number
        cross join feature_dates
    ),

    category_revenue as (select * from on_all_dates where revenue is not null)

select *
from category_revenue
