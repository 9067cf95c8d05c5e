-- Grain: one row per customer_id at the scoring date: all that is known of a customer,
-- for those who read one table.
-- A recipe that the seed does not have leaves its column NULL; recipes of your own are
-- in customer_clusters.
{% set recipes = [
    "value_tiers",
    "engagement",
    "rfm_enhanced",
    "behavioural",
    "mixed_kmeans",
    "mixed_hierarchical",
    "mixed_gmm",
    "auto",
] %}
{% set explained = {"churn": "churn_90d", "value": "value_90d"} %}
{% set lists = ["buy_again", "new_for_you"] %}
{% set shown = 3 %}

with
    customers as (select * from {{ ref("customers") }}),

    customer_features as (select * from {{ ref("customer_features") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    segment_migrations as (select * from {{ ref("segment_migrations") }}),

    customer_timing_personas as (select * from {{ ref("customer_timing_personas") }}),

    customer_clusters as (select * from {{ ref("customer_clusters") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    customer_score_reasons as (select * from {{ ref("customer_score_reasons") }}),

    product_recommendations as (select * from {{ ref("product_recommendations") }}),

    customer_clv_groups as (select * from {{ ref("customer_clv_groups") }}),

    customer_anomalies as (select * from {{ ref("customer_anomalies") }}),

    opportunity_customers as (select * from {{ ref("int_opportunity_customers") }}),

    last_changes as (
        select customer_id, max(to_date) as to_date
        from segment_migrations
        group by customer_id
    ),

    clusters as (
        select
            customer_id,
            {% for recipe in recipes %}
                max(
                    case when recipe = '{{ recipe }}' then cluster_name end
                ) as cluster_{{ recipe }}{{ "," if not loop.last }}
            {% endfor %}
        from customer_clusters
        group by customer_id
    ),

    reasons as (
        select
            customer_id,
            {% for score, task in explained.items() %}
                {% set is_last_score = loop.last %}
                {% for place in range(1, shown + 1) %}
                    max(
                        case
                            when task = '{{ task }}' and reason_rank = {{ place }}
                            then sentence
                        end
                    ) as {{ score }}_reason_{{ place }}
                    {{- "," if not (is_last_score and loop.last) }}
                {% endfor %}
            {% endfor %}
        from customer_score_reasons
        where reason_rank <= {{ shown }}
        group by customer_id
    ),

    recommendations as (
        select
            customer_id,
            {% for list in lists %}
                {% set is_last_list = loop.last %}
                {% for place in range(1, shown + 1) %}
                    {% for part in ["stock_code", "description"] %}
                        max(
                            case
                                when list = '{{ list }}' and rank = {{ place }}
                                then {{ part }}
                            end
                        ) as {{ list }}_{{ place }}_{{ part }}
                        {{- "," if not (is_last_list and place == shown and loop.last) }}
                    {% endfor %}
                {% endfor %}
            {% endfor %}
        from product_recommendations
        where rank <= {{ shown }}
        group by customer_id
    ),

    personas as (
        select
            customer_id,
            coalesce(
                withheld_reason,
                concat(
                    'Orders: ',
                    order_count,
                    '; lines from ',
                    preferred_hour,
                    ':00 to ',
                    preferred_hour,
                    ':59: ',
                    cast(round(100 * hour_concentration) as integer),
                    ' %; at weekends: ',
                    cast(round(100 * weekend_ratio) as integer),
                    ' %.'
                )
            ) as timing_persona_reason
        from customer_timing_personas
    ),

    customer_360 as (
        select
            -- the date, the customer and the 52 features
            customer_features.*,
            customer_segments.previous_segment,
            segment_migrations.to_date as segment_changed_date,
            segment_migrations.from_segment as segment_changed_from,
            segment_migrations.to_segment as segment_changed_to,
            segment_migrations.cause as segment_change_cause,
            customers.first_purchase_at,
            customers.last_purchase_at,
            customers.primary_country,
            customers.country_count,
            customers.is_uk,
            customers.timing_persona,
            personas.timing_persona_reason,
            {% for recipe in recipes %} clusters.cluster_{{ recipe }}, {% endfor %}
            customer_scores.confidence_tier,
            customer_scores.tier_churn_roc_auc,
            customer_scores.tier_value_spearman,
            customer_scores.churn_model,
            customer_scores.value_model,
            customer_scores.next_purchase_model,
            customer_scores.is_withheld,
            customer_scores.withheld_reason,
            customer_scores.churn_probability_90d,
            customer_scores.churn_probability_180d,
            customer_scores.churn_decile,
            customer_scores.churn_risk_band,
            customer_scores.is_above_contact_threshold,
            {% for days in [90, 180, 365] %}
                customer_scores.clv_{{ days }}d,
                customer_scores.clv_{{ days }}d_low,
                customer_scores.clv_{{ days }}d_high,
                customer_scores.clv_{{ days }}d_upper_90,
            {% endfor %}
            customer_scores.is_clv_365d_low_confidence,
            customer_scores.clv_tier,
            customer_scores.clv_percentile,
            customer_scores.clv_decile,
            customer_scores.value_rank_90d,
            customer_scores.value_if_active_90d,
            customer_scores.value_at_risk_90d,
            customer_scores.campaign_priority_score,
            customer_scores.next_order_within_30d_probability,
            customer_scores.next_order_31_to_90d_probability,
            customer_scores.no_order_within_90d_probability,
            customer_scores.next_purchase_window,
            customer_scores.next_order_days_low,
            customer_scores.next_order_days_expected,
            customer_scores.next_order_days_high,
            customer_scores.next_order_date_low,
            customer_scores.next_order_date_expected,
            customer_scores.next_order_date_high,
            customer_clv_groups.clv_group,
            customer_clv_groups.reason as clv_group_reason,
            opportunity_customers.opportunity,
            opportunity_customers.expected_value as opportunity_expected_value,
            coalesce(
                opportunity_customers.reason, opportunity_customers.withheld_reason
            ) as opportunity_reason,
            customer_anomalies.anomaly_score,
            customer_anomalies.is_unusual,
            {% for score in explained %}
                {% for place in range(1, shown + 1) %}
                    reasons.{{ score }}_reason_{{ place }},
                {% endfor %}
            {% endfor %}
            {% for list in lists %}
                {% set is_last_list = loop.last %}
                {% for place in range(1, shown + 1) %}
                    recommendations.{{ list }}_{{ place }}_stock_code,
                    recommendations.{{ list }}_{{ place }}_description
                    {{- "," if not (is_last_list and loop.last) }}
                {% endfor %}
            {% endfor %}
        from customers
        inner join
            customer_features
            on customers.as_of_date = customer_features.as_of_date
            and customers.customer_id = customer_features.customer_id
        inner join
            customer_segments on customers.customer_id = customer_segments.customer_id
        inner join
            customer_scores on customers.customer_id = customer_scores.customer_id
        inner join personas on customers.customer_id = personas.customer_id
        inner join
            customer_clv_groups
            on customers.customer_id = customer_clv_groups.customer_id
        inner join
            opportunity_customers
            on customers.customer_id = opportunity_customers.customer_id
        left join
            customer_anomalies on customers.customer_id = customer_anomalies.customer_id
        left join last_changes on customers.customer_id = last_changes.customer_id
        left join
            segment_migrations
            on last_changes.customer_id = segment_migrations.customer_id
            and last_changes.to_date = segment_migrations.to_date
        left join clusters on customers.customer_id = clusters.customer_id
        left join reasons on customers.customer_id = reasons.customer_id
        left join recommendations on customers.customer_id = recommendations.customer_id
    )

select *
from customer_360
