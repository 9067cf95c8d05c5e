-- Grain: one row per segment at the scoring date (as_of_date), all eleven.
with
    profiles as (select * from {{ ref("segment_profiles") }}),

    segments as (select * from {{ ref("segments") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    last_date as (select max(as_of_date) as as_of_date from profiles),

    month_ends as (
        select max(profiles.as_of_date) as as_of_date
        from profiles
        cross join last_date
        where profiles.as_of_date < last_date.as_of_date
    ),

    scored as (
        select
            customer_segments.segment,
            sum(
                cast(customer_scores.clv_90d as decimal(18, 4))
            ) as expected_revenue_90d,
            sum(
                cast(customer_scores.value_at_risk_90d as decimal(18, 4))
            ) as value_at_risk_90d,
            cast(
                sum(
                    cast(customer_scores.churn_probability_90d as decimal(18, 12))
                ) as double
            ) / nullif(
                count(customer_scores.churn_probability_90d), 0
            ) as churn_probability_90d,
            count(
                case
                    when customer_scores.campaign_priority_score > 0
                    then customer_scores.customer_id
                end
            ) as contact_count,
            sum(
                case
                    when customer_scores.campaign_priority_score > 0
                    then cast(customer_scores.campaign_priority_score as decimal(18, 4))
                end
            ) as expected_gain
        from customer_segments
        inner join
            customer_scores
            on customer_segments.customer_id = customer_scores.customer_id
        group by customer_segments.segment
    ),

    report_segments as (
        select
            profiles.as_of_date,
            profiles.segment,
            profiles.display_order,
            segments.meaning,
            segments.next_action,
            {{ is_small_cell("profiles.customer_count") }} as is_suppressed,
            {% for figure in [
                "customer_count",
                "customer_share",
                "revenue",
                "revenue_share",
                "order_count",
                "median_recency_days",
                "median_frequency",
                "median_monetary",
                "avg_recency_days",
                "avg_frequency",
                "avg_monetary",
                "avg_r_score",
                "avg_f_score",
                "avg_m_score",
                "aov",
                "orders_per_30_days",
            ] %}
                {{ unless_small_cell("profiles." ~ figure, "profiles.customer_count") }}
                as {{ figure }},
            {% endfor %}
            month_ends.as_of_date as previous_date,
            {{
                unless_small_cell(
                    "previous.customer_count", "previous.customer_count"
                )
            }} as previous_customer_count,
            {% for figure in [
                "expected_revenue_90d",
                "value_at_risk_90d",
                "churn_probability_90d",
                "contact_count",
                "expected_gain",
            ] %}
                {{ unless_small_cell("scored." ~ figure, "profiles.customer_count") }}
                as {{ figure }}{{ "," if not loop.last }}
            {% endfor %}
        from profiles
        inner join last_date on profiles.as_of_date = last_date.as_of_date
        inner join segments on profiles.segment = segments.segment
        left join month_ends on 1 = 1
        left join
            profiles as previous
            on month_ends.as_of_date = previous.as_of_date
            and profiles.segment = previous.segment
        left join scored on profiles.segment = scored.segment
    ),

    typed as (
        select
            as_of_date,
            segment,
            display_order,
            meaning,
            next_action,
            is_suppressed,
            customer_count,
            customer_share,
            revenue,
            revenue_share,
            order_count,
            median_recency_days,
            median_frequency,
            median_monetary,
            avg_recency_days,
            avg_frequency,
            avg_monetary,
            avg_r_score,
            avg_f_score,
            avg_m_score,
            aov,
            orders_per_30_days,
            previous_date,
            previous_customer_count,
            cast(expected_revenue_90d as decimal(18, 4)) as expected_revenue_90d,
            cast(value_at_risk_90d as decimal(18, 4)) as value_at_risk_90d,
            churn_probability_90d,
            cast(contact_count as bigint) as contact_count,
            cast(expected_gain as decimal(18, 4)) as expected_gain
        from report_segments
    )

select *
from typed
