{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. Features 34 to 45: revenue, order values, prices,
-- returns.
with
    customer_returns as (select * from {{ ref("int_returns_as_of") }}),

    order_values as (
        select
            as_of_date,
            customer_id,
            count(*) as order_count,
            cast(sum(gross_revenue) as decimal(18, 4)) as gross_revenue,
            sum(unit_count) as unit_count,
            {{ exact_stddev("revenue * 10000", is_sample=true) }} / 10000 as aov_std,
            max(revenue) as aov_max,
            min(revenue) as aov_min,
            max(highest_price) as max_price,
            max(highest_price) - min(lowest_price) as price_range
        from {{ ref("int_orders_as_of") }}
        group by as_of_date, customer_id
    ),

    recent_sales as (
        select
            as_of_date,
            customer_id,
            {% for days in [90, 365] %}
                sum(
                    case
                        when sold_date >= {{ add_days("as_of_date", -days) }}
                        then gross_revenue
                        else 0
                    end
                ) as gross_revenue_last_{{ days }}d{{ "," if not loop.last }}
            {% endfor %}
        from {{ ref("int_order_parts_as_of") }}
        group by as_of_date, customer_id
    ),

    growth as ({{ revenue_growth("revenue", "order_id") }}),

    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    features as (
        select
            order_values.as_of_date,
            order_values.customer_id,
            order_values.gross_revenue,
            order_values.aov_std,
            order_values.aov_max,
            order_values.aov_min,
            order_values.max_price,
            cast(order_values.price_range as decimal(18, 4)) as price_range,
            order_values.aov_std / nullif(
                cast(rfm_scores.monetary as double) / order_values.order_count, 0
            ) as spending_cv,
            growth.revenue_growth,
            {% for days in [90, 365] %}
                cast(
                    recent_sales.gross_revenue_last_{{ days }}d
                    {% if var("net_returns") %}
                        - coalesce(customer_returns.returned_value_last_{{ days }}d, 0)
                    {% endif %} as decimal(18, 4)
                ) as revenue_last_{{ days }}d,
            {% endfor %}
            cast(coalesce(customer_returns.returned_units, 0) as double)
            / order_values.unit_count as return_rate,
            cast(
                coalesce(customer_returns.returned_value, 0) as decimal(18, 4)
            ) as return_value
        from order_values
        inner join
            rfm_scores
            on order_values.as_of_date = rfm_scores.as_of_date
            and order_values.customer_id = rfm_scores.customer_id
        inner join
            recent_sales
            on order_values.as_of_date = recent_sales.as_of_date
            and order_values.customer_id = recent_sales.customer_id
        left join
            growth
            on order_values.as_of_date = growth.as_of_date
            and order_values.customer_id = growth.customer_id
        left join
            customer_returns
            on order_values.as_of_date = customer_returns.as_of_date
            and order_values.customer_id = customer_returns.customer_id
    )

select *
from features
