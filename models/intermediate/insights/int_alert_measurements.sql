{{ config(materialized="table") }}

{% set alerts = [
    "basket_shift",
    "cant_lose_them_silence",
    "category_trend",
    "churn_revenue_at_risk",
    "feature_drift",
    "file_overlap",
    "high_value_newly_at_risk",
    "model_decay",
    "return_rate_spike",
    "revenue_anomaly",
    "revenue_concentration",
    "rows_set_aside",
    "segment_downgrades",
    "send_time_gap",
    "unusual_customers",
] %}

-- Grain: one row per alert and subject that was measured at the scoring date, whether
-- it fires or not.
with
    measurements as (
        {% for alert in alerts %}
            select * from {{ ref("alert_" ~ alert) }} {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from measurements
