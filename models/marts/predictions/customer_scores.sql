-- Grain: one row per customer at the scoring date: how likely they are to be lost,
-- what they will be worth, when they will order again, and whether a contact pays.
{% set bounds = ["low", "expected", "high"] %}
{% set longest_forecast_days = 3650 %}
with
    scores as (select * from {{ ref("py_customer_scores") }}),

    eligibility as (select * from {{ ref("model_eligibility") }}),

    rungs as (
        select
            max(
                case when task = 'churn' and horizon_days = 180 then reason end
            ) as churn_180d_reason,
            max(case when task = 'next_purchase' then rung end) as next_purchase_model,
            max(
                case when task = 'next_purchase' then reason end
            ) as next_purchase_reason,
            max(
                case when task = 'value' and horizon_days = 90 then reason end
            ) as value_model_reason
        from eligibility
    ),

    customer_scores as (
        select
            cast(scores.as_of_date as date) as as_of_date,
            scores.customer_id,
            scores.confidence_tier,
            scores.tier_churn_roc_auc,
            scores.tier_value_spearman,
            scores.churn_model,
            scores.churn_model_reason,
            scores.value_model,
            rungs.value_model_reason,
            rungs.next_purchase_model,
            rungs.next_purchase_reason as next_purchase_model_reason,
            scores.is_withheld,
            case
                when scores.withheld_reason is not null
                then scores.withheld_reason
                when scores.churn_probability_180d is null
                then
                    concat(
                        rungs.churn_180d_reason,
                        ' Segment rates give the 90-day chance and value only.'
                    )
                when scores.clv_90d_high is null
                then 'No backtest to take intervals from.'
            end as withheld_reason,
            scores.churn_probability_90d,
            scores.churn_probability_180d,
            cast(scores.churn_decile as integer) as churn_decile,
            scores.churn_risk_band,
            scores.is_above_contact_threshold,
            scores.clv_90d,
            scores.clv_90d_low,
            scores.clv_90d_high,
            scores.clv_90d_upper_90,
            scores.clv_180d,
            scores.clv_180d_low,
            scores.clv_180d_high,
            scores.clv_180d_upper_90,
            scores.clv_365d,
            scores.clv_365d_low,
            scores.clv_365d_high,
            scores.clv_365d_upper_90,
            scores.is_clv_365d_low_confidence,
            scores.clv_tier,
            scores.clv_percentile,
            cast(scores.clv_decile as integer) as clv_decile,
            scores.value_rank_90d,
            scores.value_if_active_90d,
            scores.value_at_risk_90d,
            scores.campaign_priority_score,
            scores.next_order_within_30d_probability,
            scores.next_order_31_to_90d_probability,
            scores.no_order_within_90d_probability,
            scores.next_purchase_window,
            -- a rhythm of decades forecasts no date
            {% for name in bounds %}
                case
                    when
                        scores.next_order_days_{{ name }} <= {{ longest_forecast_days }}
                    then cast(scores.next_order_days_{{ name }} as integer)
                end as next_order_days_{{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from scores
        cross join rungs
    ),

    with_dates as (
        select
            customer_scores.*,
            {% for name in bounds %}
                {{ add_days("as_of_date", "next_order_days_" ~ name) }}
                as next_order_date_{{ name }}{{ "," if not loop.last }}
            {% endfor %}
        from customer_scores
    )

select *
from with_dates
