{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "lines",
                "key": "return_line_id",
                "inputs": {
                    "int_transactions_disposed": "line_id",
                    "int_returns_matched": "return_line_id",
                },
            }
        },
    )
}}

-- Grain: one row per kept return line (return_line_id), with the sale line it belongs
-- to where one is found.
with
    -- grouped by number alone, which DuckDB knows to be few: else it joins files
    -- to lines and holds all lines in memory
    source_files as (
        select source_file_number, min(source_file) as source_file
        from {{ ref("stg_transactions") }}
        group by source_file_number
    ),

    returns_matched as (
        select * from {{ ref("int_returns_matched") }} where not is_reversal
    ),

    returns as (
        select
            transactions.line_id as return_line_id,
            transactions.order_id as return_order_id,
            transactions.customer_id,
            transactions.stock_code,
            transactions.occurred_at as returned_at,
            transactions.occurred_date as returned_date,
            transactions.country,
            transactions.price as unit_price,
            - transactions.quantity as returned_quantity,
            cast(0 - transactions.amount as decimal(18, 4)) as returned_revenue,
            returns_matched.sale_line_id is not null as is_matched,
            returns_matched.sale_line_id as order_line_id,
            sold.order_id,
            sold.occurred_at as sold_at,
            source_files.source_file,
            {{ source_row_number("transactions.line_id") }} as source_row_number
        from {{ ref("int_transactions_disposed") }} as transactions
        inner join
            source_files
            on transactions.source_file_number = source_files.source_file_number
        left join
            returns_matched on transactions.line_id = returns_matched.return_line_id
        left join
            {{ ref("int_transactions_disposed") }} as sold
            on returns_matched.sale_line_id = sold.line_id
        where transactions.disposition in ('return', 'anonymous_return')
    )

select *
from returns
