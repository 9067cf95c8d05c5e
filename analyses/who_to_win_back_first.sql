-- Who should we win back first?
-- How to read: the 50 repeat customers with a high churn risk (is_at_risk) who have
-- brought most net revenue (money). aov is money per order; expected_gap_days is
-- their own rhythm; recency_days and days_overdue count days since the last order
-- and since the next one was due; churn_risk_score is points of 100, no probability.
-- At equal revenue those who left lately are the likelier to return.
with
    customers as (select * from {{ ref("customers") }}),

    customer_features as (select * from {{ ref("customer_features") }}),

    repeat_customers_at_risk as (
        select
            customer_features.customer_id,
            customers.primary_country,
            customer_features.segment,
            customer_features.top_category,
            customer_features.frequency as order_count,
            round(customer_features.monetary, 2) as revenue,
            round(customer_features.aov, 2) as aov,
            round(
                customer_features.recency_days - customer_features.days_overdue, 1
            ) as expected_gap_days,
            customer_features.recency_days,
            cast(round(customer_features.days_overdue, 0) as int) as days_overdue,
            round(customer_features.churn_risk_score, 1) as churn_risk_score
        from customers
        inner join
            customer_features
            on customers.as_of_date = customer_features.as_of_date
            and customers.customer_id = customer_features.customer_id
        where customer_features.is_at_risk and customer_features.days_active > 1
    )

select *
from repeat_customers_at_risk
order by revenue desc, customer_id asc
limit 50
