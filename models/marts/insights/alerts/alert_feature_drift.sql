{% set features = [
    "recency_days",
    "aov",
    "avg_basket_size",
    "days_overdue",
    "purchase_days_last_90d",
    "order_revenue_last_90d",
] %}

-- Grain: one row per watched feature: its distribution at the scoring date, against
-- that on the last date whose outcomes are known.
-- Watched are features that mean the same whatever the length of the history.
with
    rule as ({{ alert_rule("feature_drift") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    judged as (
        select max(as_of_date) as judged_on
        from {{ ref("training_snapshots") }}
        where orders_90d is not null and not is_scoring_date
    ),

    feature_values as (
        {% for feature in features %}
            select
                '{{ feature }}' as feature,
                snapshots.is_scoring_date,
                cast(snapshots.{{ feature }} as double) as value
            from {{ ref("training_snapshots") }} as snapshots
            cross join judged
            where
                snapshots.is_scoring_date or snapshots.as_of_date = judged.judged_on
                {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    boundaries as (
        select
            feature
            {% for tenth in range(1, 10) %}
                ,
                percentile_cont({{ tenth / 10 }}) within group (
                    order by value
                ) as tenth_{{ tenth }}
            {% endfor %}
        from feature_values
        where not is_scoring_date and value is not null
        group by feature
    ),

    -- NULL is a bin of its own
    binned as (
        select
            feature_values.feature,
            feature_values.is_scoring_date,
            case
                when feature_values.value is null
                then -1
                else
                    0
                    {% for tenth in range(1, 10) %}
                        + case
                            when feature_values.value > boundaries.tenth_{{ tenth }}
                            then 1
                            else 0
                        end
                    {% endfor %}
            end as bin
        from feature_values
        inner join boundaries on feature_values.feature = boundaries.feature
    ),

    counted as (
        select
            feature,
            bin,
            sum(case when is_scoring_date then 1 else 0 end) as now_count,
            sum(case when is_scoring_date then 0 else 1 end) as then_count
        from binned
        group by feature, bin
    ),

    smoothed as (
        select
            counted.*,
            (now_count + 0.5e0)
            / sum(now_count + 0.5e0) over (partition by feature) as now_share,
            (then_count + 0.5e0)
            / sum(then_count + 0.5e0) over (partition by feature) as then_share
        from counted
    ),

    indices as (
        select
            feature,
            sum(now_count) as now_count,
            sum(
                cast(
                    (cast(now_share as double) - cast(then_share as double)) * ln(
                        cast(now_share as double) / cast(then_share as double)
                    ) as decimal(18, 12)
                )
            ) as stability_index
        from smoothed
        group by feature
    ),

    medians as (
        select
            feature,
            percentile_cont(0.5) within group (
                order by case when is_scoring_date then value end
            ) as now_median,
            percentile_cont(0.5) within group (
                order by case when not is_scoring_date then value end
            ) as then_median
        from feature_values
        group by feature
    ),

    measured as (
        select
            indices.feature as subject,
            cast(indices.stability_index as double) as value,
            null as baseline,
            indices.now_count as customer_count,
            null as amount_at_stake,
            judged.judged_on as period_start,
            scoring_date.as_of_date as period_end,
            concat(
                indices.feature,
                ' has moved by ',
                {{ number_text("indices.stability_index", 3) }},
                ' (population stability index) since ',
                cast(judged.judged_on as string),
                ', the last date whose outcomes are known: median ',
                coalesce({{ number_text("medians.now_median", 1) }}, 'none'),
                ' now, ',
                coalesce({{ number_text("medians.then_median", 1) }}, 'none'),
                ' then.'
            ) as sentence
        from indices
        inner join medians on indices.feature = medians.feature
        cross join judged
        cross join scoring_date
    ),

    alert as ({{ alert_rows() }})

select *
from alert
