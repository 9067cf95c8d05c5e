{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. What customers did after each origin, as it stood
-- when the window ended; NULL while the window is not over on the scoring date, and on
-- the scoring date itself.
{% set horizons = [30, 60, 90, 180, 365] %}
with
    prediction_dates as (select * from {{ ref("int_prediction_dates") }}),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    -- every customer with an order that stands on the date
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    -- lines dated on or after the scoring date are in no window
    windows as (
        select
            as_of_date
            {% for days in horizons %}
                {% set end_date = add_days("as_of_date", days) %},
                case
                    when {{ end_date }} <= scoring_date then {{ end_date }}
                end as end_date_{{ days }}
            {% endfor %}
        from prediction_dates
    ),

    -- each order once for a date, with what stood of it when each window ended; NULL
    -- where it is not in the window
    orders as (
        select
            windows.as_of_date,
            order_parts.customer_id,
            order_parts.order_id
            {% for days in horizons %}
                {% set stands = stands_on_date(
                    "order_parts", "windows.end_date_" ~ days
                ) %},
                max(windows.end_date_{{ days }}) as end_date_{{ days }},
                min(
                    case when {{ stands }} then order_parts.sold_date end
                ) as sold_date_{{ days }},
                sum(
                    case when {{ stands }} then order_parts.gross_revenue end
                ) as gross_revenue_{{ days }}
            {% endfor %}
        from order_parts
        inner join
            windows
            on order_parts.sold_date >= windows.as_of_date
            and order_parts.sold_date
            < {{ add_days("windows.as_of_date", horizons | last) }}
        group by windows.as_of_date, order_parts.customer_id, order_parts.order_id
    ),

    bought as (
        select
            as_of_date,
            customer_id
            {% for days in horizons %}
                ,
                min(sold_date_{{ days }}) as next_order_date_{{ days }},
                count(sold_date_{{ days }}) as order_count_{{ days }},
                sum(gross_revenue_{{ days }}) as gross_revenue_{{ days }}
            {% endfor %}
        from orders
        group by as_of_date, customer_id
    ),

    returned as (
        select
            orders.as_of_date,
            orders.customer_id
            {% for days in horizons %}
                ,
                sum(
                    case
                        when
                            orders.sold_date_{{ days }} is not null
                            and customer_returns.returned_date
                            < orders.end_date_{{ days }}
                        then customer_returns.returned_value
                    end
                ) as returned_value_{{ days }}
            {% endfor %}
        from orders
        inner join
            customer_returns
            on orders.customer_id = customer_returns.customer_id
            and orders.order_id = customer_returns.order_id
        group by orders.as_of_date, orders.customer_id
    ),

    outcomes as (
        select
            rfm_scores.as_of_date,
            rfm_scores.customer_id,
            cast(
                {{ days_between("rfm_scores.as_of_date", "bought.next_order_date_90") }}
                as integer
            ) as next_order_days
            {% for days in horizons %}
                ,
                case
                    when windows.end_date_{{ days }} is not null
                    then cast(coalesce(bought.order_count_{{ days }}, 0) as integer)
                end as orders_{{ days }}d,
                case
                    when windows.end_date_{{ days }} is not null
                    then
                        cast(
                            coalesce(bought.gross_revenue_{{ days }}, 0)
                            {% if var("net_returns") %}
                                - coalesce(returned.returned_value_{{ days }}, 0)
                            {% endif %} as decimal(18, 4)
                        )
                end as revenue_{{ days }}d
            {% endfor %}
        from rfm_scores
        inner join windows on rfm_scores.as_of_date = windows.as_of_date
        left join
            bought
            on rfm_scores.as_of_date = bought.as_of_date
            and rfm_scores.customer_id = bought.customer_id
        left join
            returned
            on rfm_scores.as_of_date = returned.as_of_date
            and rfm_scores.customer_id = returned.customer_id
    )

select *
from outcomes
