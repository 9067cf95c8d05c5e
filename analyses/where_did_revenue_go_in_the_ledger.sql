-- Where did the revenue in our files go: what was left out, why, and what counts?
-- How to read: one row per rule that took rows, what was left out first, what counts
-- last. Rows, their percentage of all raw rows, and money with its sign. amount_left
-- is what remains of the raw total after the row: beside the last row left out it is
-- net revenue, and it ends at 0, so nothing is lost. Reversed sales and their
-- cancellations cancel out.
with
    data_quality_ledger as (select * from {{ ref("data_quality_ledger") }}),

    dispositions_in_order as (
        select
            disposition,
            outcome,
            reason,
            advice,
            row_count,
            amount,
            row_number() over (
                order by
                    case when outcome = 'kept' then 1 else 0 end asc,
                    outcome asc,
                    row_count desc,
                    amount desc,
                    disposition asc
            ) as step,
            sum(row_count) over () as all_row_count,
            sum(amount) over () as all_amount
        from data_quality_ledger
        where row_count > 0
    ),

    steps as (
        select
            step,
            outcome,
            disposition,
            row_count,
            round(100.0 * row_count / nullif(all_row_count, 0), 2) as row_pct,
            round(amount, 2) as amount,
            round(
                all_amount - sum(amount) over (
                    order by step rows between unbounded preceding and current row
                ),
                2
            ) as amount_left,
            reason,
            advice
        from dispositions_in_order
    )

select *
from steps
order by step
