-- Grain: one row per as_of_date and customer_id: the scoring date and the origins.
-- Features as they stood on the date, the purchase summary, and what followed where
-- the window is over.
with
    prediction_dates as (select * from {{ ref("int_prediction_dates") }}),

    summaries as (select * from {{ ref("int_purchase_summaries_as_of") }}),

    confidence_tiers as (select * from {{ ref("confidence_tiers") }}),

    tiers as (
        select
            customer_features.as_of_date,
            customer_features.customer_id,
            confidence_tiers.confidence_tier,
            row_number() over (
                partition by customer_features.as_of_date, customer_features.customer_id
                order by confidence_tiers.priority
            ) as tier_rank
        from {{ ref("customer_features") }} as customer_features
        inner join
            confidence_tiers
            on customer_features.frequency >= confidence_tiers.order_count_from
            and (
                confidence_tiers.tenure_days_below is null
                or customer_features.tenure_days < confidence_tiers.tenure_days_below
            )
    ),

    -- a sample that is the same on every machine and does not change as customers join
    sampled_customers as (
        select customer_id, md5(customer_id) as customer_hash
        from {{ ref("int_outcomes") }}
        group by customer_id
    ),

    ranked_customers as (
        select
            customer_id,
            row_number() over (order by customer_hash, customer_id)
            <= {{ var("prediction_training_customers") }} as is_training_customer
        from sampled_customers
    ),

    training_snapshots as (
        select
            prediction_dates.is_scoring_date,
            ranked_customers.is_training_customer,
            tiers.confidence_tier,
            customer_features.*,
            summaries.repeat_purchase_days,
            summaries.last_purchase_age_days,
            summaries.observed_days,
            summaries.log_gap_sum_millionths,
            summaries.log_gap_square_sum_millionths,
            summaries.order_revenue,
            summaries.last_purchase_day_revenue,
            summaries.previous_purchase_age_days,
            summaries.purchase_days_last_30d,
            summaries.order_revenue_last_30d,
            summaries.purchase_days_last_60d,
            summaries.order_revenue_last_60d,
            summaries.purchase_days_last_90d,
            summaries.order_revenue_last_90d,
            summaries.purchase_days_last_120d,
            summaries.order_revenue_last_120d,
            summaries.purchase_days_last_180d,
            summaries.order_revenue_last_180d,
            summaries.purchase_days_last_270d,
            summaries.order_revenue_last_270d,
            summaries.purchase_days_last_365d,
            summaries.order_revenue_last_365d,
            outcomes.next_order_days,
            outcomes.orders_30d,
            outcomes.revenue_30d,
            outcomes.orders_60d,
            outcomes.revenue_60d,
            outcomes.orders_90d,
            outcomes.revenue_90d,
            outcomes.orders_180d,
            outcomes.revenue_180d,
            outcomes.orders_365d,
            outcomes.revenue_365d
        from {{ ref("customer_features") }} as customer_features
        inner join
            prediction_dates
            on customer_features.as_of_date = prediction_dates.as_of_date
        inner join
            summaries
            on customer_features.as_of_date = summaries.as_of_date
            and customer_features.customer_id = summaries.customer_id
        inner join
            {{ ref("int_outcomes") }} as outcomes
            on customer_features.as_of_date = outcomes.as_of_date
            and customer_features.customer_id = outcomes.customer_id
        inner join
            tiers
            on customer_features.as_of_date = tiers.as_of_date
            and customer_features.customer_id = tiers.customer_id
            and tiers.tier_rank = 1
        inner join
            ranked_customers
            on customer_features.customer_id = ranked_customers.customer_id
    )

select *
from training_snapshots
