{{ config(materialized="table") }}

-- Grain: wave, customer_id. What the customers of each finished wave ordered in its
-- window, contacted or not, as it stood when the window ended.
with
    members as (
        select *
        from {{ ref("int_wave_members") }}
        where not is_suppressed and not is_draft and is_finished
    ),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    waves as (select distinct wave, wave_date, window_end from members),

    orders as (
        select
            waves.wave,
            waves.window_end,
            order_parts.customer_id,
            order_parts.order_id,
            sum(order_parts.gross_revenue) as gross_revenue
        from order_parts
        inner join
            waves
            on order_parts.sold_date >= waves.wave_date
            and {{ stands_on_date("order_parts", "waves.window_end") }}
        group by
            waves.wave, waves.window_end, order_parts.customer_id, order_parts.order_id
    ),

    returned as (
        select
            orders.wave,
            orders.customer_id,
            sum(customer_returns.returned_value) as returned_value
        from orders
        inner join
            customer_returns
            on orders.customer_id = customer_returns.customer_id
            and orders.order_id = customer_returns.order_id
            and customer_returns.returned_date < orders.window_end
        group by orders.wave, orders.customer_id
    ),

    bought as (
        select
            wave,
            customer_id,
            count(*) as order_count,
            sum(gross_revenue) as gross_revenue
        from orders
        group by wave, customer_id
    ),

    wave_outcomes as (
        select
            members.wave,
            members.customer_id,
            members.campaign,
            members.is_control,
            members.prior_revenue,
            cast(coalesce(bought.order_count, 0) as bigint) as order_count,
            cast(
                coalesce(bought.gross_revenue, 0)
                {% if var("net_returns") %}
                    - coalesce(returned.returned_value, 0)
                {% endif %} as decimal(18, 4)
            ) as revenue
        from members
        left join
            bought
            on members.wave = bought.wave
            and members.customer_id = bought.customer_id
        left join
            returned
            on members.wave = returned.wave
            and members.customer_id = returned.customer_id
    )

select *
from wave_outcomes
