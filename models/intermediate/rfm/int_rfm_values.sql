{{ config(materialized="table") }}

-- Grain: one row per as_of_date and customer_id. Recency, frequency and monetary
-- value of every
-- customer with an order that stands on the date.
with
    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    -- an order counts from the first day of its lines that nobody reversed
    unreversed_orders as (
        select customer_id, order_id, min(sold_date) as sold_date
        from {{ ref("int_order_parts") }}
        where reversed_date is null
        group by customer_id, order_id
    ),

    new_orders as (
        select customer_id, sold_date, count(*) as order_count
        from unreversed_orders
        group by customer_id, sold_date
    ),

    customer_days as (
        select
            customer_id,
            sold_date,
            reversed_date,
            max(last_sold_at) as last_sold_at,
            sum(gross_revenue) as gross_revenue
        from {{ ref("int_order_parts") }}
        group by customer_id, sold_date, reversed_date
    ),

    -- counting distinct orders for every date would group them all anew
    customer_days_with_orders as (
        select
            customer_days.*,
            case
                when customer_days.reversed_date is null
                then new_orders.order_count
                else 0
            end as order_count
        from customer_days
        left join
            new_orders
            on customer_days.customer_id = new_orders.customer_id
            and customer_days.sold_date = new_orders.sold_date
    ),

    purchases as (
        select
            as_of_dates.as_of_date,
            customer_days.customer_id,
            max(as_of_dates.as_of_at) as as_of_at,
            min(customer_days.sold_date) as first_purchase_date,
            max(customer_days.sold_date) as last_purchase_date,
            max(customer_days.last_sold_at) as last_purchase_at,
            sum(customer_days.order_count) as order_count,
            sum(customer_days.gross_revenue) as gross_revenue
        from customer_days_with_orders as customer_days
        inner join
            as_of_dates
            on {{ stands_on_date("customer_days", "as_of_dates.as_of_date") }}
        group by as_of_dates.as_of_date, customer_days.customer_id
    ),

    -- orders between their sale and their reversal, of which no other line stands yet
    orders_reversed_later as (
        select
            as_of_dates.as_of_date,
            reversed_parts.customer_id,
            count(distinct reversed_parts.order_id) as order_count
        from {{ ref("int_order_parts") }} as reversed_parts
        inner join
            as_of_dates
            on {{ stands_on_date("reversed_parts", "as_of_dates.as_of_date") }}
        left join
            unreversed_orders
            on reversed_parts.customer_id = unreversed_orders.customer_id
            and reversed_parts.order_id = unreversed_orders.order_id
            and unreversed_orders.sold_date < as_of_dates.as_of_date
        where
            reversed_parts.reversed_date is not null
            and unreversed_orders.order_id is null
        group by as_of_dates.as_of_date, reversed_parts.customer_id
    ),

    returned as (
        select
            as_of_dates.as_of_date,
            customer_returns.customer_id,
            sum(customer_returns.returned_value) as returned_value
        from customer_returns
        inner join
            as_of_dates on customer_returns.returned_date < as_of_dates.as_of_date
        group by as_of_dates.as_of_date, customer_returns.customer_id
    ),

    rfm_values as (
        select
            purchases.as_of_date,
            purchases.customer_id,
            purchases.first_purchase_date,
            purchases.last_purchase_date,
            {% if var("recency_basis") == "elapsed_24h" %}
                {{ elapsed_days("purchases.last_purchase_at", "purchases.as_of_at") }}
            {% else %}
                cast(
                    {{
                        days_between(
                            "purchases.last_purchase_date", "purchases.as_of_date"
                        )
                    }} as integer
                )
            {% endif %} as recency_days,
            cast(
                purchases.order_count
                + coalesce(orders_reversed_later.order_count, 0) as integer
            ) as frequency,
            cast(
                purchases.gross_revenue
                {% if var("net_returns") %}
                    - coalesce(returned.returned_value, 0)
                {% endif %} as decimal(18, 4)
            ) as monetary
        from purchases
        left join
            orders_reversed_later
            on purchases.as_of_date = orders_reversed_later.as_of_date
            and purchases.customer_id = orders_reversed_later.customer_id
        left join
            returned
            on purchases.as_of_date = returned.as_of_date
            and purchases.customer_id = returned.customer_id
    )

select *
from rfm_values
