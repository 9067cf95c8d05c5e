{{ config(materialized="table") }}

-- Grain: customer_id, order_id, sold_date, sold_hour, reversed_date. The identified
-- sale lines of an
-- order that count for the same as-of dates: those after sold_date and up to
-- reversed_date.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    returns_matched as (select * from {{ ref("int_returns_matched") }}),

    reversals as (
        select sale_line_id, returned_date from returns_matched where is_reversal
    ),

    sale_lines as (
        select
            transactions.customer_id,
            transactions.order_id,
            transactions.line_id,
            transactions.occurred_at as sold_at,
            transactions.occurred_date as sold_date,
            cast(extract(hour from transactions.occurred_at) as integer) as sold_hour,
            transactions.quantity,
            transactions.price,
            transactions.amount,
            reversals.returned_date as reversed_date
        from transactions
        left join reversals on transactions.line_id = reversals.sale_line_id
        where transactions.disposition = 'sale'
    ),

    order_parts as (
        select
            customer_id,
            order_id,
            sold_date,
            sold_hour,
            reversed_date,
            min(sold_at) as first_sold_at,
            max(sold_at) as last_sold_at,
            min(line_id) as first_line_id,
            cast(count(*) as bigint) as line_count,
            cast(sum(quantity) as bigint) as unit_count,
            cast(sum(amount) as decimal(18, 4)) as gross_revenue,
            cast(sum(price) as decimal(18, 4)) as price_sum,
            min(price) as lowest_price,
            max(price) as highest_price
        from sale_lines
        -- a line reversed on the day of its sale is seen by no as-of date
        where reversed_date is null or reversed_date > sold_date
        group by customer_id, order_id, sold_date, sold_hour, reversed_date
    )

select *
from order_parts
