{# a query of its own: with all other alerts, lines took more memory than there is #}
{{ config(materialized="table") }}

-- Grain: one row for all products and one per category with sales in the window:
-- returned lines per sold line, against the year before the window.
with
    rule as ({{ alert_rule("return_rate_spike") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    dated_lines as (
        select category, sold_date as line_date, 0 as is_return, 0 as amount
        from {{ ref("int_order_line_categories") }}
        union all
        select
            line_categories.category,
            returns.returned_date as line_date,
            1 as is_return,
            returns.returned_revenue as amount
        from {{ ref("returns") }} as returns
        inner join
            {{ ref("int_line_categories") }} as line_categories
            on returns.return_line_id = line_categories.line_id
    ),

    windowed as (
        select
            dated_lines.category,
            dated_lines.is_return,
            dated_lines.amount,
            {{ days_between("dated_lines.line_date", "scoring_date.as_of_date") }}
            <= rule.window_days as is_in_window
        from dated_lines
        cross join rule
        cross join scoring_date
        where
            dated_lines.line_date < scoring_date.as_of_date
            and {{ days_between("dated_lines.line_date", "scoring_date.as_of_date") }}
            <= rule.window_days + 365
    ),

    counts as (
        select
            category,
            {% for name, condition in {
                "sold": "is_in_window and is_return= 0",
                "returned": "is_in_window and is_return= 1",
                "sold_before": "not is_in_window and is_return= 0",
                "returned_before": "not is_in_window and is_return= 1",
            }.items() %}
                sum(case when {{ condition }} then 1 else 0 end) as {{ name }},
            {% endfor %}
            sum(case when is_in_window then amount else 0 end) as amount
        from windowed
        group by category
    ),

    with_total as (
        select category as subject, sold, returned, sold_before, returned_before, amount
        from counts
        union all
        select
            'All products',
            sum(sold),
            sum(returned),
            sum(sold_before),
            sum(returned_before),
            sum(amount)
        from counts
    ),

    -- lines returned now may have been sold before the window: a share above 1 counts
    -- as 1
    shares as (
        select
            with_total.*,
            least(cast(returned as double) / sold, 1.0) as return_share,
            cast(returned_before as double) / sold_before as usual_share
        from with_total
        where sold > 0 and sold_before > 0 and returned_before > 0
    ),

    bounded as (
        select
            shares.*, {{ wilson_bound("return_share", "sold", "low") }} as lowest_share
        from shares
    ),

    measured as (
        select
            bounded.subject,
            bounded.lowest_share / bounded.usual_share as value,
            bounded.usual_share as baseline,
            null as customer_count,
            bounded.amount as amount_at_stake,
            {{ add_days("scoring_date.as_of_date", "-rule.window_days") }}
            as period_start,
            scoring_date.as_of_date as period_end,
            concat(
                bounded.subject,
                ': ',
                {{ number_text("bounded.returned") }},
                case when bounded.returned = 1 then ' line' else ' lines' end,
                ' came back in ',
                {{ number_text("rule.window_days") }},
                ' days for ',
                {{ number_text("bounded.sold") }},
                ' sold (',
                {{ share_text("bounded.return_share", 1) }},
                ', ',
                {{ amount_text("bounded.amount") }},
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
