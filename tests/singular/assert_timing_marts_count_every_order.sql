-- A failure means that a timing mart has lost or made up orders or money.
{% set knows_all = var("timing_unit") == "order" and not var("as_of_date") %}
with
    -- orders and their returns as they are known today are those of the scoring date,
    -- if that is the day after the last line
    orders as (
        select
            customer_id,
            line_count,
            gross_revenue,
            {{
                (
                    "revenue"
                    if var("net_returns") or not knows_all
                    else "gross_revenue as revenue"
                )
            }}
        from {{ ref("orders") if knows_all else ref("int_timing_orders") }}
    ),

    orders_of_segments as (
        select orders.*
        from orders
        inner join
            {{ ref("customer_segments") }} as customer_segments
            on orders.customer_id = customer_segments.customer_id
    ),

    expected as (
        select
            count(*) as order_count,
            sum(line_count) as line_count,
            sum(gross_revenue) as gross_revenue,
            sum(revenue) as revenue
        from orders
    ),

    expected_of_segments as (
        select
            count(*) as order_count,
            sum(line_count) as line_count,
            sum(gross_revenue) as gross_revenue,
            sum(revenue) as revenue
        from orders_of_segments
    ),

    compared as (
        {% for mart in [
            "timing_hourly",
            "timing_daily",
            "timing_hour_weekday",
            "timing_monthly",
            "timing_quarterly",
            "country_performance",
            "segment_hourly",
            "segment_daily",
        ] %}
            {% set expected = (
                "expected_of_segments"
                if mart.startswith("segment")
                else "expected"
            ) %}
            select
                '{{ mart }}' as mart,
                {% for measure in [
                    "order_count",
                    "line_count",
                    "gross_revenue",
                    "revenue",
                ] %}
                    sum(mart.{{ measure }}) - max(
                        {{ expected }}.{{ measure }}
                    ) as {{ measure }}_difference{{ "," if not loop.last }}
                {% endfor %}
            from {{ ref(mart) }} as mart
            cross join {{ expected }}
            union all
        {% endfor %}
        select
            'revenue_decomposition',
            sum(weeks.order_count) - max(expected.order_count),
            0,
            0,
            sum(weeks.revenue) - max(expected.revenue)
        from {{ ref("revenue_decomposition") }} as weeks
        cross join expected
    )

select *
from compared
where
    order_count_difference <> 0
    or line_count_difference <> 0
    or gross_revenue_difference <> 0
    or revenue_difference <> 0
