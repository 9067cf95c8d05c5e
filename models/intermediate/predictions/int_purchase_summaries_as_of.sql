{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. Purchase days as purchase-process models read them,
-- on the scoring date and the origins.
with
    prediction_dates as (select * from {{ ref("int_prediction_dates") }}),

    orders as (select * from {{ ref("int_orders_as_of") }}),

    purchase_days as (
        select
            orders.as_of_date,
            orders.customer_id,
            cast(orders.first_sold_at as date) as purchase_date,
            sum(orders.revenue) as revenue
        from orders
        inner join prediction_dates on orders.as_of_date = prediction_dates.as_of_date
        group by
            orders.as_of_date, orders.customer_id, cast(orders.first_sold_at as date)
    ),

    days_in_order as (
        select
            as_of_date,
            customer_id,
            purchase_date,
            revenue,
            {{ days_between("purchase_date", "as_of_date") }} as age_days,
            ln(
                {{
                    days_between(
                        "lag(purchase_date) over (partition by as_of_date, customer_id order by purchase_date)",
                        "purchase_date",
                    )
                }}
            ) as log_gap,
            row_number() over (
                partition by as_of_date, customer_id order by purchase_date desc
            ) as day_number
        from purchase_days
    ),

    summaries as (
        select
            as_of_date,
            customer_id,
            cast(count(*) - 1 as integer) as repeat_purchase_days,
            cast(max(age_days) - min(age_days) as integer) as last_purchase_age_days,
            cast(max(age_days) as integer) as observed_days,
            -- whole millionths, so that the sums are exact
            cast(
                coalesce(sum(cast(round(log_gap * 1e6) as bigint)), 0) as bigint
            ) as log_gap_sum_millionths,
            cast(
                coalesce(
                    sum(cast(round(log_gap * log_gap * 1e6) as bigint)), 0
                ) as bigint
            ) as log_gap_square_sum_millionths,
            cast(sum(revenue) as decimal(18, 4)) as order_revenue,
            cast(
                max(case when day_number = 1 then revenue end) as decimal(18, 4)
            ) as last_purchase_day_revenue,
            cast(
                max(case when day_number = 2 then age_days end) as integer
            ) as previous_purchase_age_days
            {% for days in [30, 60, 90, 120, 180, 270, 365] %}
                ,
                cast(
                    count(case when age_days <= {{ days }} then 1 end) as integer
                ) as purchase_days_last_{{ days }}d,
                cast(
                    sum(
                        case when age_days <= {{ days }} then revenue else 0 end
                    ) as decimal(18, 4)
                ) as order_revenue_last_{{ days }}d
            {% endfor %}
        from days_in_order
        group by as_of_date, customer_id
    )

select *
from summaries
