{% set measured_days = var("campaign_measured_days") | int %}
{% set prior_days = 365 %}

-- Grain: one row per customer at the scoring date: what is expected of the customer in
-- the days after it that a wave is measured in, contact or not.
with
    scores as (select * from {{ ref("customer_scores") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    orders as (
        select
            orders_as_of.customer_id,
            orders_as_of.as_of_date,
            cast(orders_as_of.first_sold_at as date) as order_date,
            orders_as_of.revenue
        from {{ ref("int_orders_as_of") }} as orders_as_of
        inner join scoring_date on orders_as_of.as_of_date = scoring_date.as_of_date
    ),

    last_orders as (
        select customer_id, max(order_date) as last_order_date
        from orders
        group by customer_id
    ),

    spent as (
        select
            orders.customer_id,
            sum(
                case
                    when
                        orders.order_date
                        > {{ add_days("last_orders.last_order_date", -measured_days) }}
                    then orders.revenue
                    else 0
                end
            ) as last_window_revenue,
            sum(
                case
                    when
                        orders.order_date
                        >= {{ add_days("orders.as_of_date", -prior_days) }}
                    then orders.revenue
                    else 0
                end
            ) as prior_revenue
        from orders
        inner join last_orders on orders.customer_id = last_orders.customer_id
        group by orders.customer_id
    ),

    -- chances of no order up to the horizons that scores are given for
    silences as (
        select
            as_of_date,
            customer_id,
            coalesce(
                1 - next_order_within_30d_probability,
                power(churn_probability_90d, 30e0 / 90)
            ) as silence_30d,
            churn_probability_90d as silence_90d,
            least(
                coalesce(churn_probability_180d, power(churn_probability_90d, 2)),
                churn_probability_90d
            ) as silence_180d
        from scores
    ),

    wave_expectations as (
        select
            silences.as_of_date,
            silences.customer_id,
            -- between two horizons orders are taken to come at an even rate
            cast(
                1
                {% if measured_days <= 30 %}
                    - power(silences.silence_30d, {{ measured_days }} / 30e0)
                {% elif measured_days <= 90 %}
                    - silences.silence_30d
                    * power(
                        coalesce(
                            silences.silence_90d / nullif(silences.silence_30d, 0), 0
                        ),
                        {{ measured_days - 30 }} / 60e0
                    )
                {% else %}
                    - silences.silence_90d
                    * power(
                        coalesce(
                            silences.silence_180d / nullif(silences.silence_90d, 0), 0
                        ),
                        {{ measured_days - 90 }} / 90e0
                    )
                {% endif %} as decimal(9, 6)
            ) as order_probability,
            cast(spent.last_window_revenue as decimal(18, 4)) as last_window_revenue,
            cast(spent.prior_revenue as decimal(18, 4)) as prior_revenue
        from silences
        inner join spent on silences.customer_id = spent.customer_id
    )

select *
from wave_expectations
