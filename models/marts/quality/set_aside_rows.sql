{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "lines",
                "key": "line_id",
                "inputs": {
                    "int_transactions_disposed": "line_id",
                    "stg_transactions": "line_id",
                },
            }
        },
    )
}}

-- Grain: one row per raw row that is no kept sale or return. Nothing is lost: what
-- was read, and why it does not count.
with
    disposed as (select * from {{ ref("int_transactions_disposed") }}),

    transactions as (select * from {{ ref("stg_transactions") }}),

    dispositions as (select * from {{ ref("dispositions") }} where outcome <> 'kept'),

    set_aside as (
        select
            transactions.line_id,
            transactions.source_file,
            transactions.source_row_number,
            dispositions.disposition,
            dispositions.reason,
            transactions.order_id,
            transactions.stock_code,
            transactions.description,
            transactions.quantity,
            transactions.occurred_at,
            transactions.price,
            transactions.customer_id,
            transactions.country,
            transactions.source_record
        from disposed
        inner join dispositions on disposed.disposition = dispositions.disposition
        inner join transactions on disposed.line_id = transactions.line_id
    )

select *
from set_aside
