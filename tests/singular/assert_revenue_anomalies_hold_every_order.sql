-- A failure means that days or weeks of revenue_anomalies have lost or made up orders
-- or
-- money, or that a flag contradicts the bounds beside it.
with
    orders as (
        select count(*) as order_count, sum(revenue) as revenue
        from {{ ref("int_timing_orders") }}
    ),

    periods as (
        select period_type, sum(order_count) as order_count, sum(revenue) as revenue
        from {{ ref("revenue_anomalies") }}
        group by period_type
    ),

    contradictions as (
        select *
        from {{ ref("revenue_anomalies") }}
        where
            is_anomaly <> coalesce(direction is not null, false)
            or (reason is null) <> (anomaly_score is not null)
            -- bounds are rounded to hundredths
            or (direction = 'spike' and revenue < expected_high - 0.01)
            or (direction = 'drop' and revenue > expected_low + 0.01)
    )

select periods.period_type, periods.order_count, periods.revenue
from periods
cross join orders
where periods.order_count <> orders.order_count or periods.revenue <> orders.revenue
union all
select period_type, order_count, revenue
from contradictions
