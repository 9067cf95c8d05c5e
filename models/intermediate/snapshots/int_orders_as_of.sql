{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id, order_id. Orders as they stood on each feature date.
with
    order_parts as (select * from {{ ref("int_order_parts_as_of") }}),

    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    orders as (
        select
            as_of_date,
            customer_id,
            order_id,
            min(first_sold_at) as first_sold_at,
            max(last_sold_at) as last_sold_at,
            min(first_line_id) as first_line_id,
            cast(sum(line_count) as bigint) as line_count,
            cast(sum(unit_count) as bigint) as unit_count,
            cast(sum(gross_revenue) as decimal(18, 4)) as gross_revenue,
            cast(sum(price_sum) as decimal(18, 4)) as price_sum,
            min(lowest_price) as lowest_price,
            max(highest_price) as highest_price
        from order_parts
        group by as_of_date, customer_id, order_id
    ),

    returned as (
        select
            feature_dates.as_of_date,
            customer_returns.customer_id,
            customer_returns.order_id,
            sum(customer_returns.returned_value) as returned_value
        from customer_returns
        inner join
            feature_dates on customer_returns.returned_date < feature_dates.as_of_date
        where customer_returns.order_id is not null
        group by
            feature_dates.as_of_date,
            customer_returns.customer_id,
            customer_returns.order_id
    ),

    orders_less_returns as (
        select
            orders.*,
            cast(
                orders.gross_revenue
                {% if var("net_returns") %}
                    - coalesce(returned.returned_value, 0)
                {% endif %} as decimal(18, 4)
            ) as revenue
        from orders
        left join
            returned
            on orders.as_of_date = returned.as_of_date
            and orders.customer_id = returned.customer_id
            and orders.order_id = returned.order_id
    )

select *
from orders_less_returns
