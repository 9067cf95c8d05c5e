{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. The rhythm of a customer's distinct purchase dates.
with
    order_parts as (select * from {{ ref("int_order_parts_as_of") }}),

    purchase_dates as (
        select distinct as_of_date, customer_id, sold_date from order_parts
    ),

    numbered_dates as (
        select
            as_of_date,
            customer_id,
            sold_date,
            {{ month_number("sold_date") }} as month_number,
            -- windows of 91 days before the as-of date, the latest is 0
            cast(
                floor(
                    ({{ days_between("sold_date", "as_of_date") }} - 1) / 91e0
                ) as integer
            ) as window_number
        from purchase_dates
    ),

    dates_in_order as (
        select
            as_of_date,
            customer_id,
            sold_date,
            month_number,
            window_number,
            lag(sold_date) over customer_dates as previous_date,
            lag(month_number) over customer_dates as previous_month_number,
            lag(window_number) over customer_dates as previous_window_number
        from numbered_dates
        window
            customer_dates as (partition by as_of_date, customer_id order by sold_date)
    ),

    gaps as (
        select
            as_of_date,
            customer_id,
            sold_date,
            window_number,
            {{ days_between("previous_date", "sold_date") }} as gap_days,
            coalesce(month_number <> previous_month_number, true) as is_new_month,
            coalesce(window_number <> previous_window_number, true) as is_new_window
        from dates_in_order
    ),

    rhythm as (
        select
            as_of_date,
            customer_id,
            min(sold_date) as first_purchase_date,
            max(sold_date) as last_purchase_date,
            cast(count(*) as integer) as date_count,
            cast(count(case when is_new_month then 1 end) as integer) as month_count,
            cast(count(gap_days) as integer) as gap_count,
            avg(gap_days) as avg_gap_days,
            percentile_cont(0.5) within group (order by gap_days) as median_gap_days,
            {{ exact_stddev("gap_days", is_sample=false) }} as std_gap_days,
            max(window_number) as oldest_window_number,
            count(
                case when is_new_window and window_number < 4 then 1 end
            ) as recent_window_count
        from gaps
        group by as_of_date, customer_id
    )

select *
from rhythm
