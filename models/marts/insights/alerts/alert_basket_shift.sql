{# a query of its own: with all other alerts, lines took more memory than there is #}
{{ config(materialized="table") }}

-- Grain: one row: how far the categories in orders of the window have moved from those
-- of the same days a year before, or of the window before where there is no year.
with
    rule as ({{ alert_rule("basket_shift") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    -- without groups, so that it is known to be one row
    first_sale as (
        select min(sold_date) as first_sold_date
        from {{ ref("int_order_line_categories") }}
    ),

    windows as (
        select
            {{ add_days("scoring_date.as_of_date", "-rule.window_days") }}
            as window_start,
            scoring_date.as_of_date as window_end,
            case
                when
                    first_sale.first_sold_date
                    <=
                    {{ add_days("scoring_date.as_of_date", "-365 - rule.window_days") }}
                then 365
                else rule.window_days
            end as days_back
        from first_sale
        cross join rule
        cross join scoring_date
    ),

    windowed as (
        select
            order_line_categories.order_id,
            order_line_categories.category,
            order_line_categories.sold_date >= windows.window_start as is_now
        from {{ ref("int_order_line_categories") }} as order_line_categories
        cross join windows
        where
            order_line_categories.sold_date < windows.window_end
            and (
                order_line_categories.sold_date >= windows.window_start
                or (
                    order_line_categories.sold_date
                    >= {{ add_days("windows.window_start", "-windows.days_back") }}
                    and order_line_categories.sold_date
                    < {{ add_days("windows.window_end", "-windows.days_back") }}
                )
            )
    ),

    order_categories as (select distinct order_id, is_now, category from windowed),

    order_counts as (
        select
            count(distinct case when is_now then order_id end) as now_orders,
            count(distinct case when not is_now then order_id end) as then_orders
        from windowed
    ),

    counted as (
        select
            category,
            sum(case when is_now then 1 else 0 end) as now_count,
            sum(case when is_now then 0 else 1 end) as then_count
        from order_categories
        group by category
    ),

    -- half an order is added to each, so that a category that is new or gone counts too
    smoothed as (
        select
            counted.*,
            (now_count + 0.5e0) / sum(now_count + 0.5e0) over () as now_mix,
            (then_count + 0.5e0) / sum(then_count + 0.5e0) over () as then_mix
        from counted
    ),

    terms as (
        select
            smoothed.*,
            cast(
                (
                    cast(now_mix as double) - cast(then_mix as double)
                ) * ln(cast(now_mix as double) / cast(then_mix as double)) as decimal(
                    18, 12
                )
            ) as term
        from smoothed
    ),

    ranked as (
        select
            terms.*,
            sum(term) over () as stability_index,
            row_number() over (order by term desc, category asc) as term_rank
        from terms
    ),

    measured as (
        select
            'All orders' as subject,
            cast(ranked.stability_index as double) as value,
            null as baseline,
            null as customer_count,
            null as amount_at_stake,
            windows.window_start as period_start,
            windows.window_end as period_end,
            concat(
                'The categories in the orders since ',
                cast(windows.window_start as string),
                ' (',
                {{ number_text("order_counts.now_orders") }},
                ') have moved by ',
                {{ number_text("ranked.stability_index", 3) }},
                ' (population stability index) against those of ',
                case
                    when windows.days_back = 365
                    then 'the same days a year before'
                    else 'the days before, for want of a year to compare with'
                end,
                ' (',
                {{ number_text("order_counts.then_orders") }},
                '). Most of it is ',
                ranked.category,
                ': in ',
                {{
                    share_text(
                        "cast(ranked.now_count as double) / order_counts.now_orders"
                    )
                }},
                ' of orders now, ',
                {{
                    share_text(
                        "cast(ranked.then_count as double) / order_counts.then_orders"
                    )
                }},
                ' then.'
            ) as sentence
        from ranked
        cross join order_counts
        cross join windows
        where
            ranked.term_rank = 1
            and order_counts.now_orders > 0
            and order_counts.then_orders > 0
    ),

    alert as ({{ alert_rows() }})

select *
from alert
