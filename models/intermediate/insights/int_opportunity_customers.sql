{{ config(materialized="table") }}

{% set success_rate = var("campaign_success_rate") | float %}
{% set margin = var("campaign_margin") | float %}
{% set contact_cost = var("campaign_contact_cost") | float %}

-- Grain: one row per customer at the scoring date: the one opportunity that a contact
-- is
-- expected to gain most from, or the reason why there is none.
with
    scores as (select * from {{ ref("customer_scores") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    features as (select * from {{ ref("customer_features") }}),

    lifetimes as (select * from {{ ref("customer_lifetime") }}),

    personas as (select * from {{ ref("customer_timing_personas") }}),

    send_times as (select * from {{ ref("send_time_recommendations") }}),

    category_shares as (select * from {{ ref("customer_category_shares") }}),

    cross_sell_gaps as (select * from {{ ref("cross_sell_gaps") }}),

    opportunities as (select * from {{ ref("opportunities") }}),

    value_errors as (
        select
            segment,
            min(predicted_to_actual) as lowest_ratio,
            max(predicted_to_actual) as highest_ratio
        from {{ ref("int_value_errors") }}
        group by segment
    ),

    -- of the categories that the segment buys less of, the widest gap that the
    -- customer has not bought from at all
    unbought_categories as (
        select
            customer_segments.customer_id,
            cross_sell_gaps.category,
            cross_sell_gaps.all_revenue_share,
            row_number() over (
                partition by customer_segments.customer_id
                order by cross_sell_gaps.gap_rank
            ) as gap_position
        from customer_segments
        inner join
            cross_sell_gaps on customer_segments.segment = cross_sell_gaps.segment
        left join
            category_shares
            on customer_segments.as_of_date = category_shares.as_of_date
            and customer_segments.customer_id = category_shares.customer_id
            and cross_sell_gaps.category = category_shares.category
        where category_shares.category is null
    ),

    customers as (
        select
            scores.as_of_date,
            scores.customer_id,
            customer_segments.segment,
            features.frequency,
            features.m_score,
            features.tenure_days,
            scores.withheld_reason,
            scores.churn_probability_90d,
            scores.value_if_active_90d,
            scores.next_order_within_30d_probability,
            {{ days_between("scores.as_of_date", "scores.next_order_date_expected") }}
            as days_to_next_order,
            least(
                lifetimes.expected_order_value, scores.value_if_active_90d
            ) as next_order_value,
            -- a persona without a reason to withhold it is a habit
            (personas.customer_id is not null and personas.withheld_reason is null)
            or coalesce(send_times.hour_difference_low > 0, false) as is_hour_known,
            unbought_categories.category as unbought_category,
            unbought_categories.all_revenue_share as unbought_category_share
        from scores
        inner join
            customer_segments on scores.customer_id = customer_segments.customer_id
        inner join
            features
            on scores.as_of_date = features.as_of_date
            and scores.customer_id = features.customer_id
        left join lifetimes on scores.customer_id = lifetimes.customer_id
        left join personas on scores.customer_id = personas.customer_id
        left join send_times on customer_segments.segment = send_times.segment
        left join
            unbought_categories
            on scores.customer_id = unbought_categories.customer_id
            and unbought_categories.gap_position = 1
    ),

    -- what the contact would have to bring about, and what it is worth
    fitting as (
        select
            customers.*,
            opportunities.opportunity,
            opportunities.title,
            opportunities.value_basis,
            opportunities.priority,
            case
                opportunities.value_basis
                when 'value_at_risk'
                then customers.churn_probability_90d
                when 'next_order'
                then 1 - customers.next_order_within_30d_probability
                when 'category'
                then 1 - customers.churn_probability_90d
            end as chance,
            case
                opportunities.value_basis
                when 'value_at_risk'
                then customers.value_if_active_90d
                when 'next_order'
                then customers.next_order_value
                when 'category'
                then customers.value_if_active_90d * customers.unbought_category_share
            end as value
        from customers
        inner join
            opportunities
            on customers.churn_probability_90d >= coalesce(opportunities.churn_from, 0)
            and customers.churn_probability_90d < coalesce(opportunities.churn_below, 2)
            and customers.frequency >= coalesce(opportunities.order_count_from, 0)
            and (
                opportunities.order_count_to is null
                or customers.frequency <= opportunities.order_count_to
            )
            and customers.m_score >= coalesce(opportunities.m_score_from, 0)
            and customers.m_score <= coalesce(opportunities.m_score_to, 5)
            and (
                opportunities.tenure_days_to is null
                or customers.tenure_days <= opportunities.tenure_days_to
            )
            and (
                opportunities.due_within_days is null
                or customers.days_to_next_order <= opportunities.due_within_days
            )
            and (opportunities.value_basis <> 'next_order' or customers.is_hour_known)
    ),

    ranked as (
        select
            fitting.*,
            {{ success_rate }} * chance as probability,
            chance * value as drawn_from,
            {{ success_rate }} * chance * value as expected_value,
            row_number() over (
                partition by customer_id order by chance * value desc, priority asc
            ) as position
        from fitting
        where chance * value > 0
    ),

    best as (
        select
            customers.as_of_date,
            customers.customer_id,
            customers.segment,
            ranked.opportunity as fitting_opportunity,
            ranked.title,
            ranked.value_basis,
            ranked.probability,
            ranked.chance,
            ranked.value,
            ranked.expected_value,
            ranked.drawn_from,
            {{ margin }} * ranked.expected_value - {{ contact_cost }} as net_gain,
            customers.unbought_category,
            customers.churn_probability_90d,
            customers.withheld_reason as score_withheld_reason,
            value_errors.lowest_ratio,
            value_errors.highest_ratio
        from customers
        left join
            ranked on customers.customer_id = ranked.customer_id and ranked.position = 1
        left join value_errors on customers.segment = value_errors.segment
    ),

    opportunity_customers as (
        select
            as_of_date,
            customer_id,
            segment,
            case when net_gain > 0 then fitting_opportunity end as opportunity,
            case when net_gain > 0 then probability end as probability,
            {% for name, expression in {
                "expected_value": "expected_value",
                "expected_value_low": "case when highest_ratio > 0 then least(expected_value / highest_ratio, drawn_from) end",
                "expected_value_high": "case when lowest_ratio > 0 then least(expected_value / lowest_ratio, drawn_from) end",
                "drawn_from": "drawn_from",
                "net_gain": "net_gain",
            }.items() %}
                cast(
                    case when net_gain > 0 then {{ expression }} end as decimal(18, 4)
                ) as {{ name }},
            {% endfor %}
            case
                when net_gain > 0 and value_basis = 'value_at_risk'
                then
                    concat(
                        'With a chance of ',
                        {{ share_text("chance") }},
                        ' there is no order within 90 days; with one, ',
                        {{ amount_text("value") }},
                        ' are expected. If ',
                        {{ share_text(success_rate, 1) }},
                        ' of such customers come because of it, a contact brings ',
                        {{ amount_text("expected_value", 2) }},
                        '.'
                    )
                when net_gain > 0 and value_basis = 'next_order'
                then
                    concat(
                        'The next order is due; with a chance of ',
                        {{ share_text("chance") }},
                        ' it does not come within 30 days by itself. It is expected to be worth ',
                        {{ amount_text("value") }},
                        '. If ',
                        {{ share_text(success_rate, 1) }},
                        ' come because of it, a contact brings ',
                        {{ amount_text("expected_value", 2) }},
                        '.'
                    )
                when net_gain > 0
                then
                    concat(
                        'Orders again within 90 days with a chance of ',
                        {{ share_text("chance") }},
                        ' and has never bought ',
                        unbought_category,
                        ', where others would spend ',
                        {{ amount_text("value") }},
                        ' of it. If ',
                        {{ share_text(success_rate, 1) }},
                        ' do because of it, a contact brings ',
                        {{ amount_text("expected_value", 2) }},
                        '.'
                    )
            end as reason,
            case
                when net_gain > 0
                then null
                when churn_probability_90d is null
                then score_withheld_reason
                when fitting_opportunity is not null
                then
                    concat(
                        'The best that fits, "',
                        title,
                        '", is expected to bring ',
                        {{ amount_text("expected_value", 2) }},
                        '; at a margin of ',
                        {{ share_text(margin) }},
                        ' that does not pay the contact at ',
                        {{ amount_text(contact_cost, 2) }},
                        '.'
                    )
                when score_withheld_reason is not null
                then score_withheld_reason
                else
                    concat(
                        'No opportunity fits: an order within 90 days comes by itself with a chance of ',
                        {{ share_text("1 - churn_probability_90d") }},
                        '.'
                    )
            end as withheld_reason
        from best
    )

select *
from opportunity_customers
