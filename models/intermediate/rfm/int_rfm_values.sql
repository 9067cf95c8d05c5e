{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. Recency, frequency and monetary value of every
-- customer with an order that stands on the date.
with
    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    unreversed as (
        select as_of_dates.as_of_date, purchase_days.*
        from {{ ref("int_purchase_days") }} as purchase_days
        inner join
            as_of_dates
            on purchase_days.sold_date < as_of_dates.as_of_date
            and (
                purchase_days.next_sold_date is null
                or purchase_days.next_sold_date >= as_of_dates.as_of_date
            )
    ),

    reversed_later as (
        select
            as_of_dates.as_of_date,
            order_parts.customer_id,
            min(order_parts.sold_date) as first_sold_date,
            max(order_parts.sold_date) as sold_date,
            max(order_parts.last_sold_at) as last_sold_at,
            sum(order_parts.gross_revenue) as gross_revenue
        from {{ ref("int_order_parts") }} as order_parts
        inner join
            as_of_dates on {{ stands_on_date("order_parts", "as_of_dates.as_of_date") }}
        where order_parts.reversed_date is not null
        group by as_of_dates.as_of_date, order_parts.customer_id
    ),

    purchases as (
        select
            coalesce(unreversed.as_of_date, reversed_later.as_of_date) as as_of_date,
            coalesce(unreversed.customer_id, reversed_later.customer_id) as customer_id,
            least(
                unreversed.first_sold_date, reversed_later.first_sold_date
            ) as first_purchase_date,
            greatest(
                unreversed.sold_date, reversed_later.sold_date
            ) as last_purchase_date,
            greatest(
                unreversed.last_sold_at, reversed_later.last_sold_at
            ) as last_purchase_at,
            coalesce(unreversed.order_count, 0) as order_count,
            coalesce(unreversed.gross_revenue, 0)
            + coalesce(reversed_later.gross_revenue, 0) as gross_revenue
        from unreversed
        full outer join
            reversed_later
            on unreversed.as_of_date = reversed_later.as_of_date
            and unreversed.customer_id = reversed_later.customer_id
    ),

    orders_with_reversals as (
        select distinct customer_id, order_id
        from {{ ref("int_order_parts") }}
        where reversed_date is not null
    ),

    -- when they begin to count by lines that nobody reversed
    unreversed_starts as (
        select
            order_parts.customer_id,
            order_parts.order_id,
            min(order_parts.sold_date) as sold_date
        from {{ ref("int_order_parts") }} as order_parts
        inner join
            orders_with_reversals
            on order_parts.customer_id = orders_with_reversals.customer_id
            and order_parts.order_id = orders_with_reversals.order_id
        where order_parts.reversed_date is null
        group by order_parts.customer_id, order_parts.order_id
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
            unreversed_starts
            on reversed_parts.customer_id = unreversed_starts.customer_id
            and reversed_parts.order_id = unreversed_starts.order_id
            and unreversed_starts.sold_date < as_of_dates.as_of_date
        where
            reversed_parts.reversed_date is not null
            and unreversed_starts.order_id is null
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
                {{ elapsed_days("purchases.last_purchase_at", "as_of_dates.as_of_at") }}
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
        inner join as_of_dates on purchases.as_of_date = as_of_dates.as_of_date
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
