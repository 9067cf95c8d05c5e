{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id, order_id. Orders as they stood on each feature date.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    -- nearly every order is a single part, which need not be grouped at each date
    orders_in_several_parts as (
        select customer_id, order_id
        from {{ ref("int_order_parts") }}
        group by customer_id, order_id
        having count(*) > 1
    ),

    orders as (
        select
            order_parts.as_of_date,
            order_parts.customer_id,
            order_parts.order_id,
            order_parts.first_sold_at,
            order_parts.last_sold_at,
            order_parts.first_line_id,
            order_parts.line_count,
            order_parts.unit_count,
            order_parts.gross_revenue,
            order_parts.price_sum,
            order_parts.lowest_price,
            order_parts.highest_price
        from {{ ref("int_order_parts_as_of") }} as order_parts
        left join
            orders_in_several_parts
            on order_parts.customer_id = orders_in_several_parts.customer_id
            and order_parts.order_id = orders_in_several_parts.order_id
        where orders_in_several_parts.order_id is null
        union all
        select
            order_parts.as_of_date,
            order_parts.customer_id,
            order_parts.order_id,
            min(order_parts.first_sold_at) as first_sold_at,
            max(order_parts.last_sold_at) as last_sold_at,
            min(order_parts.first_line_id) as first_line_id,
            cast(sum(order_parts.line_count) as bigint) as line_count,
            cast(sum(order_parts.unit_count) as bigint) as unit_count,
            cast(sum(order_parts.gross_revenue) as decimal(18, 4)) as gross_revenue,
            cast(sum(order_parts.price_sum) as decimal(18, 4)) as price_sum,
            min(order_parts.lowest_price) as lowest_price,
            max(order_parts.highest_price) as highest_price
        from {{ ref("int_order_parts_as_of") }} as order_parts
        inner join
            orders_in_several_parts
            on order_parts.customer_id = orders_in_several_parts.customer_id
            and order_parts.order_id = orders_in_several_parts.order_id
        group by order_parts.as_of_date, order_parts.customer_id, order_parts.order_id
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
