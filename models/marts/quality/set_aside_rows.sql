-- Grain: one row per raw row that is no kept sale or return. Nothing is lost: what
-- was read, and why it does not count.
with
    transactions as (select * from {{ ref("int_transactions_disposed") }}),

    dispositions as (select * from {{ ref("dispositions") }} where outcome <> 'kept'),

    set_aside as (
        select
            transactions.line_id,
            transactions.source_file,
            transactions.source_row_number,
            transactions.disposition,
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
        from transactions
        inner join dispositions on transactions.disposition = dispositions.disposition
    )

select *
from set_aside
