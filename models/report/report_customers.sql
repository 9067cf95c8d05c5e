-- Grain: one row per customer_id, the var report_customer_rows customers whose contact
-- is worth most, at the scoring date (as_of_date).
with
    customers as (select * from {{ ref("customers") }}),

    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    customer_score_reasons as (select * from {{ ref("customer_score_reasons") }}),

    reasons as (
        select
            customer_id,
            task,
            sentence,
            row_number() over (
                partition by customer_id, task order by reason_rank
            ) as position
        from customer_score_reasons
        where task in ('churn_90d', 'value_90d') and contribution > 0
    ),

    ranked as (
        select
            customers.as_of_date,
            customers.customer_id,
            row_number() over (
                order by
                    customer_scores.campaign_priority_score desc nulls last,
                    customer_rfm.monetary desc,
                    customers.customer_id asc
            ) as contact_rank,
            customer_segments.segment,
            customer_segments.previous_segment,
            customers.primary_country as country,
            customer_rfm.recency_days,
            customer_rfm.frequency,
            customer_rfm.monetary,
            customer_scores.churn_probability_90d,
            customer_scores.churn_risk_band,
            customer_scores.clv_90d,
            customer_scores.clv_90d_low,
            customer_scores.clv_90d_high,
            customer_scores.value_at_risk_90d,
            customer_scores.campaign_priority_score as contact_gain,
            customer_scores.is_above_contact_threshold
            and customer_scores.campaign_priority_score > 0 as is_worth_contact,
            customer_scores.next_purchase_window,
            customer_scores.next_order_date_expected,
            customer_scores.confidence_tier,
            customers.timing_persona,
            customer_scores.withheld_reason
        from customers
        inner join customer_rfm on customers.customer_id = customer_rfm.customer_id
        inner join
            customer_segments on customers.customer_id = customer_segments.customer_id
        inner join
            customer_scores on customers.customer_id = customer_scores.customer_id
    ),

    report_customers as (
        select
            ranked.as_of_date,
            ranked.customer_id,
            cast(ranked.contact_rank as integer) as contact_rank,
            ranked.segment,
            ranked.previous_segment,
            ranked.country,
            ranked.recency_days,
            ranked.frequency,
            ranked.monetary,
            ranked.churn_probability_90d,
            ranked.churn_risk_band,
            ranked.clv_90d,
            ranked.clv_90d_low,
            ranked.clv_90d_high,
            ranked.value_at_risk_90d,
            ranked.contact_gain,
            ranked.is_worth_contact,
            ranked.next_purchase_window,
            ranked.next_order_date_expected,
            ranked.confidence_tier,
            ranked.timing_persona,
            risks.sentence as risk_reason,
            strengths.sentence as value_reason,
            ranked.withheld_reason
        from ranked
        left join
            reasons as risks
            on ranked.customer_id = risks.customer_id
            and risks.task = 'churn_90d'
            and risks.position = 1
        left join
            reasons as strengths
            on ranked.customer_id = strengths.customer_id
            and strengths.task = 'value_90d'
            and strengths.position = 1
        where ranked.contact_rank <= {{ var("report_customer_rows") }}
    )

select *
from report_customers
