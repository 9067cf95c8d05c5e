{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "lines",
                "key": "order_line_id",
                "inputs": {
                    "int_transactions_disposed": "line_id",
                    "int_returns_matched": "sale_line_id",
                },
            }
        },
    )
}}

-- Grain: one row per kept sale line (order_line_id), anonymous ones included;
-- reversed lines are none.
with
    transactions as (select * from {{ ref("int_transactions_disposed") }}),

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

    returned as (
        select
            returns_matched.sale_line_id,
            sum(returns_matched.returned_quantity) as returned_quantity,
            sum(returns_matched.returned_value) as returned_revenue,
            max(returns_matched.returned_at) as last_returned_at
        from returns_matched
        group by returns_matched.sale_line_id
    ),

    order_lines as (
        select
            transactions.line_id as order_line_id,
            transactions.order_id,
            transactions.customer_id,
            transactions.stock_code,
            transactions.occurred_at as sold_at,
            transactions.occurred_date as sold_date,
            transactions.country,
            transactions.price as unit_price,
            transactions.quantity as gross_quantity,
            transactions.amount as gross_revenue,
            cast(
                coalesce(returned.returned_quantity, 0) as bigint
            ) as returned_quantity,
            cast(
                coalesce(returned.returned_revenue, 0) as decimal(18, 4)
            ) as returned_revenue,
            cast(
                transactions.quantity
                - coalesce(returned.returned_quantity, 0) as bigint
            ) as quantity,
            cast(
                transactions.amount
                - coalesce(returned.returned_revenue, 0) as decimal(18, 4)
            ) as revenue,
            returned.last_returned_at,
            source_files.source_file,
            {{ source_row_number("transactions.line_id") }} as source_row_number
        from transactions
        inner join
            source_files
            on transactions.source_file_number = source_files.source_file_number
        left join returned on transactions.line_id = returned.sale_line_id
        where transactions.disposition in ('sale', 'anonymous_sale')
    )

select *
from order_lines
