{{
    config(
        meta={
            "refresh": {
                "row_of": {"table": "int_transactions_classified", "key": "line_id"}
            }
        }
    )
}}

-- Grain: one row per raw row, with its one final disposition.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    reversals as (select * from {{ ref("int_returns_matched") }} where is_reversal),

    reversed_lines as (
        select sale_line_id as line_id, 'reversed_sale' as disposition
        from reversals
        union all
        select return_line_id as line_id, 'reversed_return' as disposition
        from reversals
    ),

    disposed as (
        select
            transactions.line_id,
            transactions.source_file_number,
            transactions.order_id,
            transactions.stock_code,
            transactions.description,
            transactions.customer_id,
            transactions.country,
            transactions.quantity,
            transactions.price,
            transactions.amount,
            transactions.occurred_at,
            transactions.occurred_date,
            coalesce(
                reversed_lines.disposition, transactions.disposition
            ) as disposition
        from transactions
        left join reversed_lines on transactions.line_id = reversed_lines.line_id
    )

select *
from disposed
