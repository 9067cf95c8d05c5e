-- Grain: one row per weekday and hour of the day, and NULL hours for orders without a
-- time.
with
    timing_hour_weekday as (select * from {{ ref("timing_hour_weekday") }}),

    report_hour_weekday as (
        select
            weekday,
            weekday_name,
            order_hour,
            {{ is_small_cell("customer_count") }} as is_suppressed,
            {% for figure in [
                "order_count",
                "customer_count",
                "revenue",
                "aov",
                "revenue_share",
            ] %}
                {{ unless_small_cell(figure, "customer_count") }}
                as {{ figure }}{{ "," if not loop.last }}
            {% endfor %}
        from timing_hour_weekday
    )

select *
from report_hour_weekday
