{% set causes = {
    "time_passed": "because time passed",
    "cut_points_moved": "because cut points moved",
    "purchased": "though they purchased",
    "returned_goods": "because goods were returned",
} %}

-- Grain: one row: customers who moved to a lower segment between the last two month
-- ends, against the months before, with the mix of causes.
with
    rule as ({{ alert_rule("segment_downgrades") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    matrix as (select * from {{ ref("segment_migration_matrix") }}),

    migrations as (select * from {{ ref("segment_migrations") }}),

    segments as (select * from {{ ref("segments") }}),

    by_month as (
        select
            matrix.from_date,
            matrix.to_date,
            sum(matrix.customer_count) as customer_count,
            sum(
                case
                    when segments_after.display_order > segments_before.display_order
                    then matrix.customer_count
                    else 0
                end
            ) as down_count,
            sum(
                case
                    when segments_after.display_order < segments_before.display_order
                    then matrix.customer_count
                    else 0
                end
            ) as up_count,
            row_number() over (order by matrix.to_date desc) as months_ago
        from matrix
        inner join
            segments as segments_before on matrix.from_segment = segments_before.segment
        left join
            segments as segments_after on matrix.to_segment = segments_after.segment
        group by matrix.from_date, matrix.to_date
    ),

    rates as (
        select by_month.*, cast(down_count as double) / customer_count as down_share
        from by_month
    ),

    usual as (
        select
            percentile_cont(0.5) within group (
                order by rates.down_share
            ) as usual_share,
            count(*) as month_count
        from rates
        cross join rule
        cross join scoring_date
        where
            rates.months_ago > 1
            and {{ days_between("rates.to_date", "scoring_date.as_of_date") }}
            <= rule.window_days
    ),

    cause_counts as (
        select
            migrations.to_date,
            {% for cause in causes %}
                sum(
                    case when migrations.cause = '{{ cause }}' then 1 else 0 end
                ) as {{ cause }},
            {% endfor %}
            sum(migrations.monetary) as monetary
        from migrations
        inner join
            segments as segments_before
            on migrations.from_segment = segments_before.segment
        inner join
            segments as segments_after on migrations.to_segment = segments_after.segment
        where segments_after.display_order > segments_before.display_order
        group by migrations.to_date
    ),

    measured as (
        select
            'All customers' as subject,
            rates.down_share / usual.usual_share as value,
            usual.usual_share as baseline,
            rates.down_count as customer_count,
            coalesce(cause_counts.monetary, 0) as amount_at_stake,
            rates.from_date as period_start,
            rates.to_date as period_end,
            concat(
                {{ number_text("rates.down_count") }},
                ' of ',
                {{ number_text("rates.customer_count") }},
                ' customers (',
                {{ share_text("rates.down_share", 1) }},
                ') moved to a lower segment between ',
                cast(rates.from_date as string),
                ' and ',
                cast(rates.to_date as string),
                ', ',
                {{ number_text("rates.down_share / usual.usual_share", 2) }},
                ' times the usual ',
                {{ share_text("usual.usual_share", 1) }},
                ': '
                {% for cause, words in causes.items() %}
                    ,
                    {{ number_text("coalesce(cause_counts." ~ cause ~ ", 0)") }},
                    ' {{ words }}{{ ", " if not loop.last else "" }}'
                {% endfor %},
                '. ',
                {{ number_text("rates.up_count") }},
                ' moved up.'
            ) as sentence
        from rates
        cross join usual
        left join cause_counts on rates.to_date = cause_counts.to_date
        where
            rates.months_ago = 1
            -- a median of fewer is no custom
            and usual.month_count >= {{ var("alert_usual_months_from") }}
            and usual.usual_share > 0
    ),

    alert as ({{ alert_rows() }})

select *
from alert
