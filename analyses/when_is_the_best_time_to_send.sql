-- When is the best time to send to each segment?
-- How to read: one row per segment, all customers first. The hour (of the day) and the
-- weekday in which most orders fall, the percentage of orders in it with its 95 %
-- interval, and what the data say about it. Where the verdict sees no clear difference
-- or too few orders, the time of all customers serves as well. It is when people order;
-- only a test tells whether a message at that time brings more.
with
    send_times as (select * from {{ ref("send_time_recommendations") }}),

    readable as (
        select
            segment,
            display_order,
            customer_count,
            best_weekday_name,
            round(100 * weekday_share, 1) as weekday_pct,
            round(100 * weekday_share_low, 1) as weekday_pct_low,
            round(100 * weekday_share_high, 1) as weekday_pct_high,
            weekday_verdict,
            best_hour,
            round(100 * hour_share, 1) as hour_pct,
            round(100 * hour_share_low, 1) as hour_pct_low,
            round(100 * hour_share_high, 1) as hour_pct_high,
            hour_verdict
        from send_times
    )

select *
from readable
order by display_order
