-- How much of our revenue hangs on our best customers?
-- How to read: known customers in ten groups of equal size by net revenue (money)
-- over the whole history, best first. revenue_pct is the group's percentage of all
-- their revenue, cumulative_pct that of it and the groups above. In an even shop
-- every group has 10. A group can be negative if returns exceed purchases.
with
    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    customers_in_tenths as (
        select
            customer_id,
            monetary,
            ntile(10) over (order by monetary desc, customer_id asc) as tenth
        from customer_rfm
    ),

    tenths as (
        select
            tenth,
            count(*) as customer_count,
            sum(monetary) as revenue,
            min(monetary) as lowest_revenue,
            max(monetary) as highest_revenue
        from customers_in_tenths
        group by tenth
    ),

    tenths_with_shares as (
        select
            tenth,
            customer_count,
            round(lowest_revenue, 2) as lowest_revenue,
            round(highest_revenue, 2) as highest_revenue,
            round(revenue, 2) as revenue,
            round(
                100.0
                * cast(revenue as double)
                / nullif(cast(sum(revenue) over () as double), 0),
                1
            ) as revenue_pct,
            round(
                100.0 * cast(
                    sum(revenue) over (
                        order by tenth rows between unbounded preceding and current row
                    ) as double
                )
                / nullif(cast(sum(revenue) over () as double), 0),
                1
            ) as cumulative_pct
        from tenths
    )

select *
from tenths_with_shares
order by tenth
