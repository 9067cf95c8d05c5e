-- How much of each month's revenue comes from new customers?
-- How to read: one row per full calendar month. Net revenue (money) of customers in
-- the month of their first order (new), of those who began earlier (returning), and
-- of orders without a customer (anonymous). new_pct is the percentage that new
-- customers make of the revenue of known ones, anonymous_pct that of anonymous
-- orders in all revenue. Everybody is new in the first month of the data, and the
-- months after it still overstate new customers.
with
    orders as (select * from {{ ref("orders") }}),

    segment_history as (select * from {{ ref("segment_history") }}),

    last_month_end as (select max(as_of_date) as as_of_date from segment_history),

    orders_with_first_date as (
        select
            customer_id,
            order_date,
            revenue,
            min(order_date) over (partition by customer_id) as first_order_date
        from orders
    ),

    orders_by_kind as (
        select
            cast(
                date_trunc('month', orders_with_first_date.order_date) as date
            ) as month_start_date,
            orders_with_first_date.customer_id,
            orders_with_first_date.revenue,
            case
                when orders_with_first_date.customer_id is null
                then 'anonymous'
                when
                    date_trunc('month', orders_with_first_date.order_date)
                    = date_trunc('month', orders_with_first_date.first_order_date)
                then 'new'
                else 'returning'
            end as kind
        from orders_with_first_date
        cross join last_month_end
        where orders_with_first_date.order_date < last_month_end.as_of_date
    ),

    months as (
        select
            month_start_date,
            count(
                distinct case when kind = 'new' then customer_id end
            ) as new_customer_count,
            count(
                distinct case when kind = 'returning' then customer_id end
            ) as returning_customer_count,
            sum(case when kind = 'new' then revenue else 0 end) as new_revenue,
            sum(
                case when kind = 'returning' then revenue else 0 end
            ) as returning_revenue,
            sum(
                case when kind = 'anonymous' then revenue else 0 end
            ) as anonymous_revenue
        from orders_by_kind
        group by month_start_date
    ),

    months_with_shares as (
        select
            month_start_date,
            new_customer_count,
            returning_customer_count,
            round(new_revenue, 2) as new_revenue,
            round(returning_revenue, 2) as returning_revenue,
            round(anonymous_revenue, 2) as anonymous_revenue,
            round(
                100.0
                * cast(new_revenue as double)
                / nullif(cast(new_revenue + returning_revenue as double), 0),
                1
            ) as new_pct,
            round(
                100.0
                * cast(anonymous_revenue as double)
                / nullif(
                    cast(new_revenue + returning_revenue + anonymous_revenue as double),
                    0
                ),
                1
            ) as anonymous_pct
        from months
    )

select *
from months_with_shares
order by month_start_date
