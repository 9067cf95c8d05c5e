{{ config(materialized="table") }}

-- Grain: customer_id, sold_date. Days on which a customer bought what was not reversed,
-- with the sums up to each: dates until the next one share them, and to sum the days
-- before every date would be many times the rows.
with
    -- an order counts from the first day of its lines that nobody reversed
    orders as (
        select customer_id, order_id, min(sold_date) as sold_date
        from {{ ref("int_order_parts") }}
        where reversed_date is null
        group by customer_id, order_id
    ),

    new_orders as (
        select customer_id, sold_date, count(*) as order_count
        from orders
        group by customer_id, sold_date
    ),

    days as (
        select
            customer_id,
            sold_date,
            max(last_sold_at) as last_sold_at,
            sum(gross_revenue) as gross_revenue
        from {{ ref("int_order_parts") }}
        where reversed_date is null
        group by customer_id, sold_date
    ),

    purchase_days as (
        select
            days.customer_id,
            days.sold_date,
            lead(days.sold_date) over customer_days as next_sold_date,
            days.last_sold_at,
            min(days.sold_date) over days_to_here as first_sold_date,
            cast(
                sum(days.gross_revenue) over days_to_here as decimal(18, 4)
            ) as gross_revenue,
            cast(sum(new_orders.order_count) over days_to_here as bigint) as order_count
        from days
        left join
            new_orders
            on days.customer_id = new_orders.customer_id
            and days.sold_date = new_orders.sold_date
        window
            customer_days as (partition by days.customer_id order by days.sold_date),
            days_to_here as (
                partition by days.customer_id
                order by days.sold_date
                rows between unbounded preceding and current row
            )
    )

select *
from purchase_days
