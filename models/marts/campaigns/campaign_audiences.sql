-- Grain: one row per wave and customer_id: everybody of this build's wave and of the
-- earlier ones, as they were given.
with
    members as (select * from {{ ref("int_wave_members") }}),

    campaign_audiences as (
        select
            wave,
            is_draft,
            wave_date,
            customer_id,
            segment,
            clv_group,
            campaign,
            priority,
            expected_value,
            reason,
            suggested_products,
            best_send_hour,
            best_send_weekday,
            best_send_reason,
            churn_probability_90d,
            clv_90d,
            confidence_tier,
            is_suppressed,
            suppression_reason,
            is_control,
            group_name,
            objective,
            message,
            channel,
            offer
        from members
    )

select *
from campaign_audiences
