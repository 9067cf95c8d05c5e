{{ config(materialized="table") }}

-- Grain: customer_id, category, sold_date, reversed_date. What int_order_parts is to
-- orders, by category.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    products as (select * from {{ ref("int_products") }}),

    reversals as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    category_parts as (
        select
            transactions.customer_id,
            products.category,
            transactions.occurred_date as sold_date,
            reversals.returned_date as reversed_date,
            cast(sum(transactions.amount) as decimal(18, 4)) as gross_revenue
        from transactions
        inner join products on transactions.stock_code = products.stock_code
        left join reversals on transactions.line_id = reversals.sale_line_id
        where
            transactions.disposition = 'sale'
            and (
                reversals.returned_date is null
                or reversals.returned_date > transactions.occurred_date
            )
        group by
            transactions.customer_id,
            products.category,
            transactions.occurred_date,
            reversals.returned_date
    )

select *
from category_parts
