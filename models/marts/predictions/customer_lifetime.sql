-- Grain: one row per customer at the scoring date: what the purchase process (BG/NBD
-- with Gamma-Gamma) expects of the customer.
with
    customer_scores as (select * from {{ ref("py_customer_scores") }}),

    customers as (select * from {{ ref("training_snapshots") }} where is_scoring_date),

    customer_lifetime as (
        select
            customers.as_of_date,
            customers.customer_id,
            customers.repeat_purchase_days,
            customers.last_purchase_age_days,
            customers.observed_days,
            customers.order_revenue,
            customer_scores.expected_orders_30d,
            customer_scores.expected_orders_90d,
            customer_scores.expected_orders_180d,
            customer_scores.no_order_probability_90d,
            customer_scores.alive_probability,
            customer_scores.expected_order_value,
            customer_scores.expected_orders_90d
            * customer_scores.expected_order_value as expected_revenue_90d,
            customer_scores.expected_orders_180d
            * customer_scores.expected_order_value as expected_revenue_180d,
            cast(
                customer_scores.is_order_value_of_one_order as boolean
            ) as is_order_value_of_one_order,
            case
                when customer_scores.alive_probability is null
                then customer_scores.churn_model_reason
            end as withheld_reason
        from customers
        inner join
            customer_scores on customers.customer_id = customer_scores.customer_id
    )

select *
from customer_lifetime
