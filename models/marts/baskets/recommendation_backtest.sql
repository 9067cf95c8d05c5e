-- Grain: one row per origin, task and method. How often one of the recommended products
-- was bought in the 90 days from a past date, beside simple lists.
with
    backtest as (select * from {{ ref("py_recommendation_backtest") }}),

    recommendation_backtest as (
        select
            cast(origin as date) as origin,
            cast(window_end as date) as window_end,
            cast(task as string) as task,
            cast(method as string) as method,
            cast(customer_count as bigint) as customer_count,
            cast(hit_count as bigint) as hit_count,
            cast(hit_rate as double) as hit_rate,
            cast(hit_rate_low as double) as hit_rate_low,
            cast(hit_rate_high as double) as hit_rate_high,
            cast(lead as double) as lead,
            cast(lead_low as double) as lead_low,
            cast(lead_high as double) as lead_high
        from backtest
    )

select *
from recommendation_backtest
