-- Grain: one row per sale line (line_id) of a known customer that stands at the scoring
-- date. The price paid, with the quarter and the order of magnitude of the quantity: a
-- wholesale price is compared with wholesale prices. Grouped by customer and price it
-- would hardly be shorter.
with
    transactions as (
        select *
        from {{ ref("int_transactions_classified") }}
        where disposition = 'sale'
    ),

    reversals as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    standing_lines as (
        select
            transactions.line_id,
            transactions.customer_id,
            transactions.stock_code,
            cast(
                date_trunc('quarter', transactions.occurred_date) as date
            ) as quarter_start,
            -- 1, 2 to 3, 4 to 7, 8 to 15 ... units
            cast(floor(log2(transactions.quantity)) as integer) as unit_band,
            transactions.price as unit_price
        from transactions
        inner join scoring_date on transactions.occurred_date < scoring_date.as_of_date
        left join reversals on transactions.line_id = reversals.sale_line_id
        where
            reversals.returned_date is null
            or (
                reversals.returned_date > transactions.occurred_date
                and reversals.returned_date >= scoring_date.as_of_date
            )
    )

select *
from standing_lines
