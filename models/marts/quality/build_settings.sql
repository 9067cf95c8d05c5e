-- Grain: one row per setting. The vars that this database was built with, so that
-- every number can be traced.
{% set names = [
    "as_of_date",
    "adjustment_prefix",
    "at_risk_score",
    "bulk_order_units",
    "campaign_contact_cost",
    "campaign_margin",
    "campaign_success_rate",
    "cancellation_prefix",
    "category_source",
    "category_taxonomy",
    "churn_risk_inconsistency_weight",
    "churn_risk_overdue_days",
    "churn_risk_overdue_weight",
    "churn_risk_recency_days",
    "churn_risk_recency_weight",
    "cluster_bootstraps",
    "cluster_drift_index",
    "cluster_evaluated_counts",
    "cluster_evaluation_customers",
    "cluster_fit_customers",
    "cluster_quadratic_customers",
    "cluster_silhouette_customers",
    "cluster_smallest_share",
    "cluster_stable_rand_index",
    "column_mapping",
    "currency",
    "date_format",
    "decimal_separator",
    "drop_cross_file_overlap",
    "drop_duplicate_lines",
    "earliest_plausible_date",
    "exclude_non_products",
    "expected_gap_prior_gaps",
    "feature_as_of_dates",
    "home_country",
    "large_order_line_revenue",
    "latest_plausible_date",
    "missing_description_words",
    "net_returns",
    "prediction_bootstraps",
    "prediction_interval_coverage",
    "prediction_origin_minimum_days",
    "prediction_origin_spacing_days",
    "prediction_origins",
    "prediction_process_customers",
    "prediction_process_days",
    "prediction_recipe_customers",
    "prediction_recipe_labelled_days",
    "prediction_recipe_origins",
    "prediction_recipe_outcomes",
    "prediction_season_days",
    "prediction_share_growth",
    "prediction_training_customers",
    "random_seed",
    "recency_basis",
    "reversal_window_hours",
    "risk_band_high_from",
    "risk_band_medium_from",
    "score_ties",
    "segment_rules",
    "source_timezone",
] %}
with
    settings as (
        {% for name in names %}
            select
                '{{ name }}' as setting,
                '{{ var(name) | tojson }}' as value
                {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from settings
