{% set highest_score = 5 %}

-- Grain: one row: what the customers of the highest monetary score would spend in 90
-- days, and the part of it that the models do not expect to come.
with
    rule as ({{ alert_rule("churn_revenue_at_risk") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    totals as (
        select
            count(*) as customer_count,
            sum(
                case when customer_scores.churn_risk_band = 'High' then 1 else 0 end
            ) as high_risk_count,
            sum(
                cast(customer_scores.value_if_active_90d as decimal(18, 4))
            ) as value_if_active,
            sum(
                cast(customer_scores.value_at_risk_90d as decimal(18, 4))
            ) as value_at_risk
        from customer_scores
        inner join
            customer_rfm
            on customer_scores.customer_id = customer_rfm.customer_id
            and customer_rfm.m_score = {{ highest_score }}
        where customer_scores.value_if_active_90d is not null
        having sum(cast(customer_scores.value_if_active_90d as decimal(18, 4))) > 0
    ),

    shares as (
        select
            totals.*,
            cast(value_at_risk as double)
            / cast(value_if_active as double) as risk_share
        from totals
    ),

    measured as (
        select
            'Customers of the highest monetary score' as subject,
            shares.risk_share as value,
            null as baseline,
            shares.customer_count,
            shares.value_at_risk as amount_at_stake,
            scoring_date.as_of_date as period_start,
            {{ add_days("scoring_date.as_of_date", 90) }} as period_end,
            concat(
                'The ',
                {{ number_text("shares.customer_count") }},
                ' customers of the highest monetary score would spend ',
                {{ amount_text("shares.value_if_active") }},
                ' in 90 days; ',
                {{ amount_text("shares.value_at_risk") }},
                ' of it (',
                {{ share_text("shares.risk_share") }},
                ') are at risk. High risk of no order: ',
                {{ number_text("shares.high_risk_count") }},
                ' of them.'
            ) as sentence
        from shares
        cross join scoring_date
    ),

    alert as ({{ alert_rows() }})

select *
from alert
