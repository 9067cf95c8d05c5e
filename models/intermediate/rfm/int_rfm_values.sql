-- Grain: one row per as_of_date and customer_id. Recency, frequency and monetary
-- value of every
-- customer with an order that stands on the date.
with
    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    purchases as (
        select
            as_of_dates.as_of_date,
            as_of_dates.as_of_at,
            order_parts.customer_id,
            min(order_parts.sold_date) as first_purchase_date,
            max(order_parts.sold_date) as last_purchase_date,
            max(order_parts.last_sold_at) as last_purchase_at,
            count(distinct order_parts.order_id) as frequency,
            sum(order_parts.gross_revenue) as gross_revenue
        from order_parts
        inner join
            as_of_dates on {{ stands_on_date("order_parts", "as_of_dates.as_of_date") }}
        group by as_of_dates.as_of_date, as_of_dates.as_of_at, order_parts.customer_id
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
            cast(purchases.frequency as integer) as frequency,
            cast(
                purchases.gross_revenue
                {% if var("net_returns") %}
                    - coalesce(returned.returned_value, 0)
                {% endif %} as decimal(18, 4)
            ) as monetary
        from purchases
        left join
            returned
            on purchases.as_of_date = returned.as_of_date
            and purchases.customer_id = returned.customer_id
    )

select *
from rfm_values
