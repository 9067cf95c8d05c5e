{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "lines",
                "key": "return_line_id",
                "inputs": {"int_transactions_classified": "line_id"},
            }
        },
    )
}}

-- Grain: one row per return line that belongs to a sale line.
-- Returns are taken in the order in which they happened, so that later rows never
-- change an
-- earlier match. Each takes back one sale line of the same customer and stock code:
-- 1. the latest sale line with the same units and price, if the window has not passed
-- and nothing
-- of that line has come back yet: this is a reversal, and both lines are as if never
-- made;
-- 2. else the latest earlier sale line of which at least that many units are left: a
-- return.
-- All lines are read twice rather than kept in memory for both readings.
with recursive
    returned_lines as (
        select
            line_id as return_line_id,
            customer_id,
            stock_code,
            - quantity as returned_quantity,
            price as return_price,
            occurred_at as returned_at,
            row_number() over (
                partition by customer_id, stock_code order by occurred_at, line_id
            ) as return_number
        from {{ ref("int_transactions_classified") }}
        where disposition = 'return'
    ),

    returned_products as (
        select
            customer_id,
            stock_code,
            row_number() over (order by customer_id, stock_code) as group_number,
            max(return_number) as return_count
        from returned_lines
        group by customer_id, stock_code
    ),

    returns_in_turn as (
        select
            returned_products.group_number,
            returned_lines.return_number,
            returned_lines.return_line_id,
            returned_lines.returned_quantity,
            returned_lines.return_price,
            returned_lines.returned_at
        from returned_lines
        inner join
            returned_products
            on returned_lines.customer_id = returned_products.customer_id
            and returned_lines.stock_code = returned_products.stock_code
    ),

    -- the state before the first return: every sale line that could come back, whole
    sales_before_returns as (
        select
            returned_products.group_number,
            returned_products.return_count,
            lines.line_id as sale_line_id,
            row_number() over (
                partition by returned_products.group_number
                order by lines.occurred_at, lines.line_id
            ) as sale_number,
            lines.occurred_at as sold_at,
            lines.price,
            lines.quantity
        from {{ ref("int_transactions_classified") }} as lines
        inner join
            returned_products
            on lines.customer_id = returned_products.customer_id
            and lines.stock_code = returned_products.stock_code
        where lines.disposition = 'sale'
    ),

    matching as ({{ matched_in_turn() }}),

    matches as (
        select
            matching.return_line_id,
            matching.sale_line_id,
            matching.is_reversal,
            matching.sold_at,
            returns_in_turn.returned_at,
            cast(returns_in_turn.returned_at as date) as returned_date,
            returns_in_turn.returned_quantity,
            cast(
                returns_in_turn.returned_quantity
                * returns_in_turn.return_price as decimal(18, 4)
            ) as returned_value
        from matching
        inner join
            returns_in_turn
            on matching.group_number = returns_in_turn.group_number
            and matching.return_number = returns_in_turn.return_number
        where matching.is_match
    )

select *
from matches
