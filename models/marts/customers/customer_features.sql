-- Grain: one row per as_of_date and customer_id: the scoring date, the origins of
-- predictions and every date of var feature_as_of_dates.
-- The 52-feature mart; each feature is computed in exactly one int_features_* model.
with
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    behavioural as (select * from {{ ref("int_features_behavioural") }}),

    temporal as (select * from {{ ref("int_features_temporal") }}),

    monetary as (select * from {{ ref("int_features_monetary") }}),

    engagement as (select * from {{ ref("int_features_engagement") }}),

    customer_features as (
        select
            rfm_scores.as_of_date,
            rfm_scores.customer_id,
            rfm_scores.recency_days,
            rfm_scores.frequency,
            rfm_scores.monetary,
            rfm_scores.r_score,
            rfm_scores.f_score,
            rfm_scores.m_score,
            rfm_scores.rfm_score,
            rfm_scores.rfm_sum,
            rfm_scores.segment,
            behavioural.avg_basket_size,
            behavioural.aov,
            behavioural.avg_item_price,
            behavioural.unique_products,
            behavioural.unique_categories,
            behavioural.product_diversity,
            behavioural.top_category,
            behavioural.category_entropy,
            behavioural.days_active,
            behavioural.avg_inter_purchase_days,
            behavioural.median_inter_purchase_days,
            behavioural.std_inter_purchase_days,
            behavioural.is_bulk_buyer,
            behavioural.max_quantity_single_txn,
            temporal.preferred_hour,
            temporal.hour_concentration,
            temporal.weekend_ratio,
            temporal.is_weekend_shopper,
            temporal.preferred_day,
            temporal.preferred_quarter,
            temporal.quarter_concentration,
            temporal.active_months,
            temporal.customer_lifetime_days,
            temporal.purchase_velocity,
            monetary.gross_revenue,
            monetary.aov_std,
            monetary.aov_max,
            monetary.aov_min,
            monetary.max_price,
            monetary.price_range,
            monetary.spending_cv,
            monetary.revenue_growth,
            monetary.revenue_last_90d,
            monetary.revenue_last_365d,
            monetary.return_rate,
            monetary.return_value,
            engagement.tenure_days,
            engagement.activity_rate,
            engagement.engagement_consistency,
            engagement.days_overdue,
            engagement.churn_risk_score,
            engagement.loyalty_index,
            engagement.is_at_risk
        from rfm_scores
        inner join
            behavioural
            on rfm_scores.as_of_date = behavioural.as_of_date
            and rfm_scores.customer_id = behavioural.customer_id
        inner join
            temporal
            on rfm_scores.as_of_date = temporal.as_of_date
            and rfm_scores.customer_id = temporal.customer_id
        inner join
            monetary
            on rfm_scores.as_of_date = monetary.as_of_date
            and rfm_scores.customer_id = monetary.customer_id
        inner join
            engagement
            on rfm_scores.as_of_date = engagement.as_of_date
            and rfm_scores.customer_id = engagement.customer_id
    )

select *
from customer_features
