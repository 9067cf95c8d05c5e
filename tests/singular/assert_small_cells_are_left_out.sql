-- A failure means that the report shows figures of fewer customers than var
-- small_cell_customers allows.
with
    shown as (
        {% for model in [
            "report_countries",
            "report_segments",
            "report_segment_categories",
            "report_rfm_grid",
            "report_migrations",
            "report_cohorts",
            "report_hour_weekday",
            "report_personas",
            "report_clusters",
        ] %}
            select '{{ model }}' as model, customer_count, is_suppressed
            from {{ ref(model) }} {{ "union all" if not loop.last }}
        {% endfor %}
    )

select *
from shown
where {{ is_small_cell("customer_count") }} or is_suppressed and customer_count > 0
