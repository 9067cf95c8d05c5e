{{ config(materialized="table") }}

-- Grain: customer_id, order_id, category, returned_date. Identified returns,
-- reversals left out;
-- order_id is the order that the goods were bought on, NULL where no sale matches.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    line_categories as (select * from {{ ref("int_line_categories") }}),

    returns_matched as (select * from {{ ref("int_returns_matched") }}),

    returns_with_their_sale as (
        select
            returned.customer_id,
            sold.order_id,
            returned.category,
            returned.occurred_date as returned_date,
            - returned.quantity as returned_units,
            0 - returned.amount as returned_value
        from line_categories as returned
        left join returns_matched on returned.line_id = returns_matched.return_line_id
        left join transactions as sold on returns_matched.sale_line_id = sold.line_id
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
