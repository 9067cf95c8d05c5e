{{ config(materialized="table") }}

-- Grain: customer_id, order_id, category, returned_date. Identified returns,
-- reversals left out;
-- order_id is the order that the goods were bought on, NULL where no sale matches.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    products as (select * from {{ ref("int_products") }}),

    returns_matched as (select * from {{ ref("int_returns_matched") }}),

    returns_with_their_sale as (
        select
            returned.customer_id,
            sold.order_id,
            products.category,
            returned.occurred_date as returned_date,
            - returned.quantity as returned_units,
            - returned.amount as returned_value
        from transactions as returned
        left join returns_matched on returned.line_id = returns_matched.return_line_id
        left join transactions as sold on returns_matched.sale_line_id = sold.line_id
        left join products on returned.stock_code = products.stock_code
        where
            returned.disposition = 'return'
            and not coalesce(returns_matched.is_reversal, false)
    ),

    customer_returns as (
        select
            customer_id,
            order_id,
            category,
            returned_date,
            cast(sum(returned_units) as bigint) as returned_units,
            cast(sum(returned_value) as decimal(18, 4)) as returned_value
        from returns_with_their_sale
        group by customer_id, order_id, category, returned_date
    )

select *
from customer_returns
