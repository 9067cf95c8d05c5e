-- Which segments lost most revenue last month?
-- How to read: the last full month against the month before, in net revenue (money)
-- and customers who ordered; biggest loss first, gains at the end. Customers count
-- in the segment that they held when each month began, those without an order before
-- it as 'No segment yet'. Anonymous orders belong to no segment. In season all
-- segments rise or fall together.
with
    orders as (select * from {{ ref("orders") }}),

    segment_history as (select * from {{ ref("segment_history") }}),

    month_ends as (select distinct as_of_date from segment_history),

    months as (
        select
            lag(as_of_date) over (order by as_of_date) as from_date,
            as_of_date as to_date,
            row_number() over (order by as_of_date desc) as months_back
        from month_ends
    ),

    orders_of_two_months as (
        select months.from_date, months.months_back, orders.customer_id, orders.revenue
        from orders
        inner join
            months
            on orders.order_date >= months.from_date
            and orders.order_date < months.to_date
        where months.months_back <= 2 and orders.customer_id is not null
    ),

    orders_with_segment as (
        select
            orders_of_two_months.months_back,
            orders_of_two_months.customer_id,
            orders_of_two_months.revenue,
            coalesce(segment_history.segment, 'No segment yet') as segment
        from orders_of_two_months
        left join
            segment_history
            on orders_of_two_months.from_date = segment_history.as_of_date
            and orders_of_two_months.customer_id = segment_history.customer_id
    ),

    segment_totals as (
        select
            segment,
            count(
                distinct case when months_back = 2 then customer_id end
            ) as customers_month_before,
            count(
                distinct case when months_back = 1 then customer_id end
            ) as customers_last_month,
            sum(
                case when months_back = 2 then revenue else 0 end
            ) as revenue_month_before,
            sum(case when months_back = 1 then revenue else 0 end) as revenue_last_month
        from orders_with_segment
        group by segment
    ),

    segment_changes as (
        select
            segment,
            customers_month_before,
            customers_last_month,
            round(revenue_month_before, 2) as revenue_month_before,
            round(revenue_last_month, 2) as revenue_last_month,
            round(revenue_last_month - revenue_month_before, 2) as revenue_change,
            round(
                100.0
                * cast(revenue_last_month - revenue_month_before as double)
                / nullif(cast(revenue_month_before as double), 0),
                1
            ) as revenue_change_pct
        from segment_totals
    )

select *
from segment_changes
order by revenue_change, segment
