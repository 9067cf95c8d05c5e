{{ config(materialized="table") }}

-- Grain: customer_id, stock_code, reversed_date. When a customer first bought a
-- product, kept apart
-- for lines that stand (reversed_date NULL) and lines that were reversed on a later
-- day.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    reversals as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    customer_products as (
        select
            transactions.customer_id,
            transactions.stock_code,
            reversals.returned_date as reversed_date,
            min(transactions.occurred_date) as sold_date
        from transactions
        left join reversals on transactions.line_id = reversals.sale_line_id
        where
            transactions.disposition = 'sale'
            and (
                reversals.returned_date is null
                or reversals.returned_date > transactions.occurred_date
            )
        group by
            transactions.customer_id, transactions.stock_code, reversals.returned_date
    )

select *
from customer_products
