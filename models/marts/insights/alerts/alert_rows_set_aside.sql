{# a query of its own: with all other alerts, lines took more memory than there is #}
{{ config(materialized="table") }}

-- Grain: one row: the share of dated rows that were set aside in the window, against
-- the year before it.
with
    rule as ({{ alert_rule("rows_set_aside") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    transactions as (select * from {{ ref("int_transactions_disposed") }}),

    dispositions as (select * from {{ ref("dispositions") }}),

    -- overlapping rows are no fault of theirs; file_overlap tells of them
    windowed as (
        select
            dispositions.outcome = 'set aside' as is_set_aside,
            {{ days_between("transactions.occurred_date", "scoring_date.as_of_date") }}
            <= rule.window_days as is_in_window
        from transactions
        inner join dispositions on transactions.disposition = dispositions.disposition
        cross join rule
        cross join scoring_date
        where
            transactions.disposition <> 'overlap'
            and transactions.occurred_date < scoring_date.as_of_date
            and
            {{ days_between("transactions.occurred_date", "scoring_date.as_of_date") }}
            <= rule.window_days + 365
    ),

    counts as (
        select
            {% for name, condition in {
                "row_count": "is_in_window",
                "set_aside": "is_in_window and is_set_aside",
                "row_count_before": "not is_in_window",
                "set_aside_before": "not is_in_window and is_set_aside",
            }.items() %}
                sum(
                    case when {{ condition }} then 1 else 0 end
                ) as {{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from windowed
    ),

    shares as (
        select
            counts.*,
            cast(set_aside as double) / row_count as set_aside_share,
            cast(set_aside_before as double) / row_count_before as usual_share
        from counts
        where row_count > 0 and set_aside_before > 0
    ),

    bounded as (
        select
            shares.*,
            {{ wilson_bound("set_aside_share", "row_count", "low") }} as lowest_share
        from shares
    ),

    measured as (
        select
            'All rows' as subject,
            bounded.lowest_share / bounded.usual_share as value,
            bounded.usual_share as baseline,
            null as customer_count,
            null as amount_at_stake,
            {{ add_days("scoring_date.as_of_date", "-rule.window_days") }}
            as period_start,
            scoring_date.as_of_date as period_end,
            concat(
                {{ number_text("bounded.set_aside") }},
                ' of ',
                {{ number_text("bounded.row_count") }},
                ' rows of the last ',
                {{ number_text("rule.window_days") }},
                ' days were set aside (',
                {{ share_text("bounded.set_aside_share", 1) }},
                '); the year before it was ',
                {{ share_text("bounded.usual_share", 1) }},
                '. Chance allowed for, that is at least ',
                {{ number_text("bounded.lowest_share / bounded.usual_share", 2) }},
                ' times as much.'
            ) as sentence
        from bounded
        cross join rule
        cross join scoring_date
    ),

    alert as ({{ alert_rows() }})

select *
from alert
