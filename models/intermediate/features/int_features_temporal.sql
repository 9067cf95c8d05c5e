{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. Features 24 to 33: hours, weekdays, quarters,
-- lifetime.
with
    purchase_dates as (select * from {{ ref("int_purchase_dates_as_of") }}),

    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    weekends as (
        select
            as_of_date,
            customer_id,
            cast(
                sum(
                    case when {{ weekday("sold_date") }} >= 5 then line_count else 0 end
                ) as double
            )
            / sum(line_count) as weekend_ratio
        from {{ ref("int_order_parts_as_of") }}
        group by as_of_date, customer_id
    ),

    hours as ({{ modal_value("sold_hour") }}),

    days as ({{ modal_value(weekday("sold_date")) }}),

    quarters as ({{ modal_value("extract(quarter from sold_date)") }}),

    features as (
        select
            purchase_dates.as_of_date,
            purchase_dates.customer_id,
            hours.value as preferred_hour,
            hours.line_share as hour_concentration,
            weekends.weekend_ratio,
            weekends.weekend_ratio > 0.5 as is_weekend_shopper,
            days.value as preferred_day,
            cast(quarters.value as integer) as preferred_quarter,
            quarters.line_share as quarter_concentration,
            purchase_dates.month_count as active_months,
            cast(
                {{
                    days_between(
                        "purchase_dates.first_purchase_date",
                        "purchase_dates.last_purchase_date",
                    )
                }} as integer
            ) as customer_lifetime_days,
            case
                when purchase_dates.date_count > 1
                then
                    30e0
                    * rfm_scores.frequency
                    / greatest(
                        {{
                            days_between(
                                "purchase_dates.first_purchase_date",
                                "purchase_dates.last_purchase_date",
                            )
                        }},
                        30
                    )
            end as purchase_velocity
        from purchase_dates
        inner join
            rfm_scores
            on purchase_dates.as_of_date = rfm_scores.as_of_date
            and purchase_dates.customer_id = rfm_scores.customer_id
        inner join
            weekends
            on purchase_dates.as_of_date = weekends.as_of_date
            and purchase_dates.customer_id = weekends.customer_id
        inner join
            hours
            on purchase_dates.as_of_date = hours.as_of_date
            and purchase_dates.customer_id = hours.customer_id
        inner join
            days
            on purchase_dates.as_of_date = days.as_of_date
            and purchase_dates.customer_id = days.customer_id
        inner join
            quarters
            on purchase_dates.as_of_date = quarters.as_of_date
            and purchase_dates.customer_id = quarters.customer_id
    )

select *
from features
