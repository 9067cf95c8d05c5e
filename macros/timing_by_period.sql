{#
  A query for timing_monthly and timing_quarterly: one row per calendar period, without gaps, beside the
  same period a year before. period: "month" or "quarter".
#}
{% macro timing_by_period(period) -%}
    with
        orders as (
            select
                int_timing_orders.*,
                cast(date_trunc('{{ period }}', order_date) as date) as period_start
            from {{ ref("int_timing_orders") }} as int_timing_orders
        ),

        days as (
            select
                cast(date_trunc('{{ period }}', order_date) as date) as period_start,
                order_date
            from {{ ref("int_timing_days") }}
        ),

        periods as (
            select
                days.period_start,
                min(days.order_date) = days.period_start
                and cast(
                    date_trunc(
                        '{{ period }}', {{ add_days("max(days.order_date)", 1) }}
                    ) as date
                )
                > days.period_start as is_complete
            from days
            group by days.period_start
        ),

        totals as (
            select period_start, {{ timing_totals() }} from orders group by period_start
        ),

        measured as (
            select
                periods.period_start as {{ period }}_start,
                periods.is_complete,
                {{ timing_measures("totals") }}
            from periods
            left join totals on periods.period_start = totals.period_start
        ),

        compared as (
            select
                measured.*,
                case
                    when measured.is_complete and year_before.is_complete
                    then year_before.revenue
                end as previous_year_revenue,
                case
                    when measured.is_complete and year_before.is_complete
                    then
                        100e0
                        * cast(measured.revenue - year_before.revenue as double)
                        / nullif(cast(year_before.revenue as double), 0)
                end as revenue_change_pct
            from measured
            left join
                measured as year_before
                on {{ month_number("measured." ~ period ~ "_start") }} - 12
                = {{ month_number("year_before." ~ period ~ "_start") }}
        )

    select *
    from compared
{%- endmacro %}
