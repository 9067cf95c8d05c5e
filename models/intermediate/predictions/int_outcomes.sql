{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. What customers did after each origin, as it stood
-- when the window ended; NULL while the window is not over on the scoring date, and on
-- the scoring date itself.
{% set horizons = [30, 60, 90, 180, 365] %}
with
    prediction_dates as (select * from {{ ref("int_prediction_dates") }}),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    customers as (
        select
            rfm_values.as_of_date, rfm_values.customer_id, prediction_dates.scoring_date
        from {{ ref("int_rfm_values") }} as rfm_values
        inner join
            prediction_dates on rfm_values.as_of_date = prediction_dates.as_of_date
    ),

    horizons as (
        {% for days in horizons %}
            select {{ days }} as horizon_days {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    -- lines dated on or after the scoring date are in no window
    windows as (
        select
            prediction_dates.as_of_date,
            horizons.horizon_days,
            {{ add_days("prediction_dates.as_of_date", "horizons.horizon_days") }}
            as end_date
        from prediction_dates
        cross join horizons
        where
            {{ add_days("prediction_dates.as_of_date", "horizons.horizon_days") }}
            <= prediction_dates.scoring_date
    ),

    orders_in_windows as (
        select
            windows.as_of_date,
            windows.horizon_days,
            windows.end_date,
            order_parts.customer_id,
            order_parts.order_id,
            min(order_parts.sold_date) as sold_date,
            sum(order_parts.gross_revenue) as gross_revenue
        from order_parts
        inner join
            windows
            on order_parts.sold_date >= windows.as_of_date
            and {{ stands_on_date("order_parts", "windows.end_date") }}
        group by
            windows.as_of_date,
            windows.horizon_days,
            windows.end_date,
            order_parts.customer_id,
            order_parts.order_id
    ),

    returned as (
        select
            orders_in_windows.as_of_date,
            orders_in_windows.horizon_days,
            orders_in_windows.customer_id,
            sum(customer_returns.returned_value) as returned_value
        from orders_in_windows
        inner join
            customer_returns
            on orders_in_windows.customer_id = customer_returns.customer_id
            and orders_in_windows.order_id = customer_returns.order_id
            and customer_returns.returned_date < orders_in_windows.end_date
        group by
            orders_in_windows.as_of_date,
            orders_in_windows.horizon_days,
            orders_in_windows.customer_id
    ),

    bought as (
        select
            as_of_date,
            horizon_days,
            customer_id,
            count(*) as order_count,
            min(sold_date) as next_order_date,
            sum(gross_revenue) as gross_revenue
        from orders_in_windows
        group by as_of_date, horizon_days, customer_id
    ),

    outcomes as (
        select
            customers.as_of_date,
            customers.customer_id,
            cast(
                max(
                    case
                        when windows.horizon_days = 90
                        then
                            {{
                                days_between(
                                    "customers.as_of_date", "bought.next_order_date"
                                )
                            }}
                    end
                ) as integer
            ) as next_order_days
            {% for days in horizons %}
                ,
                cast(
                    max(
                        case
                            when windows.horizon_days = {{ days }}
                            then coalesce(bought.order_count, 0)
                        end
                    ) as integer
                ) as orders_{{ days }}d,
                cast(
                    max(
                        case
                            when windows.horizon_days = {{ days }}
                            then
                                coalesce(bought.gross_revenue, 0)
                                {% if var("net_returns") %}
                                    - coalesce(returned.returned_value, 0)
                                {% endif %}
                        end
                    ) as decimal(18, 4)
                ) as revenue_{{ days }}d
            {% endfor %}
        from customers
        left join windows on customers.as_of_date = windows.as_of_date
        left join
            bought
            on windows.as_of_date = bought.as_of_date
            and windows.horizon_days = bought.horizon_days
            and customers.customer_id = bought.customer_id
        left join
            returned
            on bought.as_of_date = returned.as_of_date
            and bought.horizon_days = returned.horizon_days
            and bought.customer_id = returned.customer_id
        group by customers.as_of_date, customers.customer_id
    )

select *
from outcomes
