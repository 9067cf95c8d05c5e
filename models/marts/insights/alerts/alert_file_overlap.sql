-- Grain: one row: rows whose invoice is in an earlier file already.
with
    rule as ({{ alert_rule("file_overlap") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    ledger as (select * from {{ ref("data_quality_ledger") }}),

    totals as (
        select
            sum(row_count) as all_row_count,
            sum(
                case when disposition = 'overlap' then row_count else 0 end
            ) as overlap_row_count,
            sum(case when disposition = 'overlap' then amount else 0 end) as amount
        from ledger
        having sum(row_count) > 0
    ),

    shares as (
        select
            totals.*, cast(overlap_row_count as double) / all_row_count as overlap_share
        from totals
    ),

    measured as (
        select
            'All files' as subject,
            overlap_share as value,
            null as baseline,
            null as customer_count,
            amount as amount_at_stake,
            null as period_start,
            null as period_end,
            concat(
                {{ number_text("overlap_row_count") }},
                ' of ',
                {{ number_text("all_row_count") }},
                ' rows (',
                {{ share_text("overlap_share", 1) }},
                ', ',
                {{ amount_text("amount") }},
                ') are of invoices that an earlier file has; they were set aside.'
            ) as sentence
        from shares
    ),

    alert as ({{ alert_rows() }})

select *
from alert
