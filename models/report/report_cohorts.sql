-- Grain: one row per cohort_month and months_since.
with
    cohort_retention as (select * from {{ ref("cohort_retention") }}),

    report_cohorts as (
        select
            cohort_month,
            months_since,
            order_month,
            is_complete,
            is_first_cohort,
            {{ is_small_cell("customer_count") }}
            or {{ is_small_cell("cohort_customer_count") }} as is_suppressed,
            {{ unless_small_cell("cohort_customer_count", "cohort_customer_count") }}
            as cohort_customer_count,
            {% for figure in ["customer_count", "retention"] %}
                {{
                    unless_small_cell(
                        unless_small_cell(figure, "cohort_customer_count"),
                        "customer_count",
                    )
                }} as {{ figure }},
            {% endfor %}
            {{
                unless_small_cell(
                    "cumulative_revenue_per_customer", "cohort_customer_count"
                )
            }} as cumulative_revenue_per_customer
        from cohort_retention
    )

select *
from report_cohorts
