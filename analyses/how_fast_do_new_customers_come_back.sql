-- How fast do new customers come back for a second order?
-- How to read: customers who began at least so many calendar months ago, and the
-- percentage of them who ordered on a second day by the end of that month after the
-- month of their first order (0: within the same month). Later rows rest on fewer,
-- older customers. Those who appear in the very first month of the data are left
-- out: most of them are not new.
with
    orders as (select * from {{ ref("orders") }}),

    segment_history as (select * from {{ ref("segment_history") }}),

    last_full_month as (
        select
            max(extract(year from as_of_date) * 12 + extract(month from as_of_date))
            - 1 as month_number
        from segment_history
    ),

    first_orders as (
        select customer_id, min(order_date) as first_order_date
        from orders
        where customer_id is not null
        group by customer_id
    ),

    second_orders as (
        select
            first_orders.customer_id,
            first_orders.first_order_date,
            min(orders.order_date) as second_order_date
        from first_orders
        left join
            orders
            on first_orders.customer_id = orders.customer_id
            and first_orders.first_order_date < orders.order_date
        group by first_orders.customer_id, first_orders.first_order_date
    ),

    customer_months as (
        select
            customer_id,
            extract(year from first_order_date) * 12
            + extract(month from first_order_date) as first_month_number,
            extract(year from second_order_date) * 12
            + extract(month from second_order_date) as second_month_number
        from second_orders
    ),

    first_month as (
        select min(first_month_number) as month_number from customer_months
    ),

    new_customers as (
        select
            customer_months.customer_id,
            customer_months.second_month_number
            - customer_months.first_month_number as months_to_second_order,
            last_full_month.month_number
            - customer_months.first_month_number as months_watched
        from customer_months
        cross join first_month
        cross join last_full_month
        where
            customer_months.first_month_number > first_month.month_number
            and customer_months.first_month_number <= last_full_month.month_number
    ),

    horizons as (
        select distinct months_watched as months_after_first_order from new_customers
    ),

    customers_back_by_horizon as (
        select
            horizons.months_after_first_order,
            count(*) as customer_count,
            sum(
                case
                    when
                        new_customers.months_to_second_order
                        <= horizons.months_after_first_order
                    then 1
                    else 0
                end
            ) as came_back_count
        from horizons
        inner join
            new_customers
            on horizons.months_after_first_order <= new_customers.months_watched
        group by horizons.months_after_first_order
    ),

    came_back_shares as (
        select
            cast(months_after_first_order as int) as months_after_first_order,
            customer_count,
            cast(came_back_count as bigint) as came_back_count,
            round(
                100.0 * came_back_count / nullif(customer_count, 0), 1
            ) as came_back_pct
        from customers_back_by_horizon
    )

select *
from came_back_shares
order by months_after_first_order
