-- Grain: one row per KPI of seed kpi_definitions, at the scoring date (as_of_date): the
-- last var report_period_days days, the as many before, and the same days a year
-- before.
{% set days = var("report_period_days") | int %}
{% set spans = {
    "current": [days, 0],
    "previous": [2 * days, days],
    "last_year": [365 + days, 365],
} %}
{% set measures = {
    "revenue": "revenue",
    "gross_revenue": "gross_revenue",
    "orders": "order_count",
    "aov": "revenue / nullif(order_count, 0)",
    "customers": "customer_count",
    "revenue_per_customer": "known_revenue / nullif(customer_count, 0)",
    "median_revenue_per_customer": "median_customer_revenue",
    "repeat_customer_rate": "repeat_customer_count / nullif(known_customer_count, 0)",
} %}

with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    orders as (select * from {{ ref("int_timing_orders") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    kpi_definitions as (select * from {{ ref("kpi_definitions") }}),

    spans as (
        {% for span, bounds in spans.items() %}
            select
                '{{ span }}' as span,
                as_of_date,
                {{ add_days("as_of_date", -bounds[0]) }} as span_start,
                {{ add_days("as_of_date", -bounds[1]) }} as span_end
            from scoring_date {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    first_order as (select min(order_date) as first_order_date from orders),

    numbered as (
        select
            customer_id,
            order_date,
            row_number() over (
                partition by customer_id order by ordered_at, order_id
            ) as order_number
        from orders
        where customer_id is not null
    ),

    customer_starts as (
        select
            customer_id,
            min(case when order_number = 1 then order_date end) as first_date,
            min(case when order_number = 2 then order_date end) as second_date
        from numbered
        where order_number <= 2
        group by customer_id
    ),

    totals as (
        select
            spans.span,
            count(orders.order_id) as order_count,
            coalesce(sum(orders.gross_revenue), 0) as gross_revenue,
            coalesce(sum(orders.revenue), 0) as revenue
        from spans
        left join
            orders
            on orders.order_date >= spans.span_start
            and orders.order_date < spans.span_end
        group by spans.span
    ),

    customer_totals as (
        select spans.span, orders.customer_id, sum(orders.revenue) as revenue
        from spans
        inner join
            orders
            on orders.order_date >= spans.span_start
            and orders.order_date < spans.span_end
        where orders.customer_id is not null
        group by spans.span, orders.customer_id
    ),

    customers as (
        select
            span,
            count(*) as customer_count,
            sum(revenue) as known_revenue,
            percentile_cont(0.5) within group (
                order by cast(revenue as double)
            ) as median_customer_revenue
        from customer_totals
        group by span
    ),

    known as (
        select
            spans.span,
            count(customer_starts.customer_id) as known_customer_count,
            count(
                case
                    when customer_starts.second_date < spans.span_end
                    then customer_starts.customer_id
                end
            ) as repeat_customer_count
        from spans
        left join customer_starts on customer_starts.first_date < spans.span_end
        group by spans.span
    ),

    measured as (
        select
            spans.span,
            spans.as_of_date,
            spans.span_start,
            spans.span_end,
            first_order.first_order_date <= spans.span_start as is_covered,
            totals.order_count,
            cast(totals.gross_revenue as double) as gross_revenue,
            cast(totals.revenue as double) as revenue,
            coalesce(customers.customer_count, 0) as customer_count,
            cast(coalesce(customers.known_revenue, 0) as double) as known_revenue,
            customers.median_customer_revenue,
            known.known_customer_count,
            cast(known.repeat_customer_count as double) as repeat_customer_count
        from spans
        cross join first_order
        inner join totals on spans.span = totals.span
        left join customers on spans.span = customers.span
        inner join known on spans.span = known.span
    ),

    figures as (
        {% for kpi, formula in measures.items() %}
            select
                '{{ kpi }}' as kpi,
                span,
                case
                    when is_covered or span = 'current' then {{ formula }}
                end as figure
            from measured {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    compared as (
        select
            kpi,
            max(case when span = 'current' then figure end) as figure,
            max(case when span = 'previous' then figure end) as previous_figure,
            max(case when span = 'last_year' then figure end) as last_year_figure
        from figures
        group by kpi
    ),

    forecast as (
        select
            cast(sum(cast(clv_90d as decimal(18, 4))) as double) as expected,
            cast(sum(cast(value_at_risk_90d as decimal(18, 4))) as double) as at_risk
        from customer_scores
    ),

    -- what customers known a year ago then brought in the horizon of clv_90d
    year_ago as (
        select
            case
                when
                    min(first_order.first_order_date)
                    < {{ add_days("max(scoring_date.as_of_date)", -365) }}
                then cast(coalesce(sum(orders.revenue), 0) as double)
            end as brought
        from scoring_date
        cross join first_order
        left join
            customer_starts
            on customer_starts.first_date
            < {{ add_days("scoring_date.as_of_date", -365) }}
        left join
            orders
            on customer_starts.customer_id = orders.customer_id
            and orders.order_date >= {{ add_days("scoring_date.as_of_date", -365) }}
            and orders.order_date < {{ add_days("scoring_date.as_of_date", 90 - 365) }}
    ),

    all_figures as (
        select kpi, figure, previous_figure, last_year_figure
        from compared
        union all
        select 'expected_revenue_90d', forecast.expected, null, year_ago.brought
        from forecast
        cross join year_ago
        union all
        select 'revenue_at_risk_90d', at_risk, null, null
        from forecast
    ),

    report_kpis as (
        select
            current_span.as_of_date,
            kpi_definitions.kpi,
            kpi_definitions.display_order,
            kpi_definitions.title,
            kpi_definitions.unit,
            kpi_definitions.is_increase_good,
            kpi_definitions.definition,
            all_figures.figure,
            all_figures.previous_figure,
            all_figures.last_year_figure,
            all_figures.figure / nullif(all_figures.previous_figure, 0)
            - 1 as previous_change,
            all_figures.figure / nullif(all_figures.last_year_figure, 0)
            - 1 as last_year_change,
            current_span.span_start as period_start,
            {{ add_days("current_span.span_end", -1) }} as period_end,
            case
                when all_figures.figure is null
                then 'Scores are withheld: there is too little history to judge them.'
                when kpi_definitions.kpi = 'expected_revenue_90d'
                then 'Forecasts are kept for the scoring date only.'
                when kpi_definitions.kpi = 'revenue_at_risk_90d'
                then 'Forecasts are kept for the scoring date only.'
                when all_figures.previous_figure is null
                then 'The data do not reach back that far.'
                when all_figures.last_year_figure is null
                then 'The data do not reach back a year before the period.'
            end as note
        from kpi_definitions
        inner join all_figures on kpi_definitions.kpi = all_figures.kpi
        cross join measured as current_span
        where current_span.span = 'current'
    )

select *
from report_kpis
