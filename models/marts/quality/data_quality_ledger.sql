-- Grain: one row per disposition. Where every raw row went: rows, units and money.
with
    transactions as (select * from {{ ref("int_transactions_disposed") }}),

    dispositions as (select * from {{ ref("dispositions") }}),

    totals as (
        select
            disposition,
            count(*) as row_count,
            sum(quantity) as unit_count,
            sum(amount) as amount
        from transactions
        group by disposition
    ),

    ledger as (
        select
            dispositions.disposition,
            dispositions.outcome,
            dispositions.reason,
            dispositions.advice,
            cast(coalesce(totals.row_count, 0) as bigint) as row_count,
            cast(coalesce(totals.unit_count, 0) as bigint) as unit_count,
            cast(coalesce(totals.amount, 0) as decimal(18, 4)) as amount
        from dispositions
        left join totals on dispositions.disposition = totals.disposition
    )

select *
from ledger
