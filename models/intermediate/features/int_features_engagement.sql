-- Grain: as_of_date, customer_id. Features 46 to 52: tenure, consistency, overdue,
-- risk.
with
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    population as (
        select
            as_of_date,
            cast(
                sum(
                    {{ days_between("first_purchase_date", "last_purchase_date") }}
                ) as double
            )
            / nullif(sum(gap_count), 0) as avg_gap_days
        from {{ ref("int_purchase_dates_as_of") }}
        group by as_of_date
    ),

    measured as (
        select
            purchase_dates.as_of_date,
            purchase_dates.customer_id,
            rfm_scores.recency_days,
            rfm_scores.frequency,
            cast(
                {{
                    days_between(
                        "purchase_dates.first_purchase_date",
                        "purchase_dates.as_of_date",
                    )
                }} as integer
            ) as tenure_days,
            cast(purchase_dates.month_count as double) / (
                {{ month_number(add_days("purchase_dates.as_of_date", -1)) }}
                - {{ month_number("purchase_dates.first_purchase_date") }}
                + 1
            ) as engagement_consistency,
            -- one-time buyers have an expectation too: everybody's mean gap
            rfm_scores.recency_days - (
                coalesce(purchase_dates.gap_count * purchase_dates.avg_gap_days, 0)
                + {{ var("expected_gap_prior_gaps") }} * population.avg_gap_days
            )
            / (
                purchase_dates.gap_count + {{ var("expected_gap_prior_gaps") }}
            ) as days_overdue,
            cast(purchase_dates.recent_window_count as double)
            / (least(purchase_dates.oldest_window_number, 3) + 1) as recent_window_share
        from {{ ref("int_purchase_dates_as_of") }} as purchase_dates
        inner join
            rfm_scores
            on purchase_dates.as_of_date = rfm_scores.as_of_date
            and purchase_dates.customer_id = rfm_scores.customer_id
        inner join population on purchase_dates.as_of_date = population.as_of_date
    ),

    scored as (
        select
            measured.*,
            100 * (
                {{ var("churn_risk_recency_weight") }} * least(
                    1.0,
                    recency_days / cast({{ var("churn_risk_recency_days") }} as double)
                )
                + {{ var("churn_risk_overdue_weight") }}
                * least(
                    1.0,
                    greatest(0.0, coalesce(days_overdue, 0.0))
                    / {{ var("churn_risk_overdue_days") }}
                )
                + {{ var("churn_risk_inconsistency_weight") }}
                * (1 - engagement_consistency)
            ) as churn_risk_score
        from measured
    ),

    features as (
        select
            as_of_date,
            customer_id,
            tenure_days,
            30e0 * frequency / greatest(tenure_days, 30) as activity_rate,
            engagement_consistency,
            days_overdue,
            churn_risk_score,
            100 * (
                0.5 * engagement_consistency + 0.5 * recent_window_share
            ) as loyalty_index,
            churn_risk_score > {{ var("at_risk_score") }} as is_at_risk
        from scored
    )

select *
from features
