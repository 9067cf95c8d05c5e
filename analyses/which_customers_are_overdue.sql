-- Which good customers are overdue, while a reminder may still be enough?
-- How to read: the 50 repeat customers with most revenue of the last 365 days
-- (money) who have been silent for longer than their expected gap plus its usual
-- spread (one standard deviation), and whose churn risk is not high yet. Gaps,
-- recency and days overdue are in days; times_expected_gap 2 means silent for twice
-- as long as usual. For those at high risk see who_to_win_back_first.
with
    customers as (select * from {{ ref("customers") }}),

    customer_features as (select * from {{ ref("customer_features") }}),

    overdue_customers as (
        select
            customer_features.customer_id,
            customers.primary_country,
            customer_features.segment,
            customer_features.top_category,
            customer_features.frequency as order_count,
            round(customer_features.revenue_last_365d, 2) as revenue_last_365d,
            customer_features.recency_days,
            round(
                customer_features.recency_days - customer_features.days_overdue, 1
            ) as expected_gap_days,
            round(customer_features.days_overdue, 1) as days_overdue,
            round(
                customer_features.recency_days / nullif(
                    customer_features.recency_days - customer_features.days_overdue, 0
                ),
                1
            ) as times_expected_gap
        from customers
        inner join
            customer_features
            on customers.as_of_date = customer_features.as_of_date
            and customers.customer_id = customer_features.customer_id
        where
            customer_features.days_overdue > customer_features.std_inter_purchase_days
            and customer_features.days_active > 1
            and not customer_features.is_at_risk
    )

select *
from overdue_customers
order by revenue_last_365d desc, customer_id asc
limit 50
