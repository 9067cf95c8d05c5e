-- Grain: one row per category with enough complete months for a trend.
with
    rule as ({{ alert_rule("category_trend") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    category_trends as (select * from {{ ref("category_trends") }}),

    measured as (
        select
            category as subject,
            -- what may be chance is no trend
            case when is_significant then sen_slope_share_per_year end as value,
            null as baseline,
            null as customer_count,
            abs(12 * sen_slope) as amount_at_stake,
            first_month as period_start,
            last_month as period_end,
            sentence
        from category_trends
        where p_value is not null
    ),

    alert as ({{ alert_rows() }})

select *
from alert
