{{ config(materialized="table") }}

-- Grain: one row per order that stands at the scoring date, anonymous ones included
-- (var timing_unit: or one row per line, as the published system counts).
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    transactions as (select * from {{ ref("int_transactions_disposed") }}),

    order_countries as (select * from {{ ref("int_order_countries") }}),

    {% if var("timing_unit") == "line" %}
        purchases as (
            select
                transactions.order_id,
                transactions.customer_id,
                transactions.occurred_at as ordered_at,
                1 as line_count,
                transactions.amount as gross_revenue,
                transactions.amount as revenue
            from transactions
            inner join
                scoring_date on transactions.occurred_date < scoring_date.as_of_date
            where
                transactions.quantity > 0
                and transactions.disposition in (
                    'sale',
                    'anonymous_sale',
                    'unpriced',
                    'negative_price',
                    'adjustment',
                    'ambiguous_cancellation'
                )
        ),
    {% else %}
        purchase_parts as (
            select
                orders.order_id,
                orders.customer_id,
                orders.first_sold_at as sold_at,
                orders.line_count,
                orders.gross_revenue,
                orders.revenue
            from {{ ref("int_orders_as_of") }} as orders
            inner join scoring_date on orders.as_of_date = scoring_date.as_of_date
            union all
            select
                transactions.order_id,
                transactions.customer_id,
                transactions.occurred_at,
                1,
                transactions.amount,
                transactions.amount
            from transactions
            inner join
                scoring_date on transactions.occurred_date < scoring_date.as_of_date
            where transactions.disposition = 'anonymous_sale'
        ),

        purchases as (
            select
                order_id,
                min(customer_id) as customer_id,
                min(sold_at) as ordered_at,
                sum(line_count) as line_count,
                sum(gross_revenue) as gross_revenue,
                sum(revenue) as revenue
            from purchase_parts
            group by order_id
        ),
    {% endif %}

    timing_orders as (
        select
            purchases.order_id,
            purchases.customer_id,
            order_countries.country,
            purchases.ordered_at,
            cast(purchases.ordered_at as date) as order_date,
            -- a date without a time reads as midnight
            case
                when
                    purchases.ordered_at
                    <> cast(cast(purchases.ordered_at as date) as timestamp)
                then cast(extract(hour from purchases.ordered_at) as integer)
            end as order_hour,
            {{ weekday("cast(purchases.ordered_at as date)") }} as weekday,
            cast(purchases.line_count as bigint) as line_count,
            cast(purchases.gross_revenue as decimal(18, 4)) as gross_revenue,
            cast(purchases.revenue as decimal(18, 4)) as revenue
        from purchases
        inner join order_countries on purchases.order_id = order_countries.order_id
    )

select *
from timing_orders
