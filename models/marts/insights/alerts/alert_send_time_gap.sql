-- Grain: one row per segment whose best hour the data tell: what sending at everybody's
-- best hour would miss.
with
    rule as ({{ alert_rule("send_time_gap") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    send_times as (select * from {{ ref("send_time_recommendations") }}),

    segment_hourly as (select * from {{ ref("segment_hourly") }}),

    everybody as (
        select best_hour as everybodys_hour
        from send_times
        where display_order = 0 and best_hour is not null
    ),

    at_everybodys_hour as (
        select
            segment_hourly.segment,
            segment_hourly.order_count,
            sum(
                case
                    when segment_hourly.order_hour is not null
                    then segment_hourly.order_count
                end
            ) over (partition by segment_hourly.segment) as timed_order_count,
            segment_hourly.order_hour,
            everybody.everybodys_hour
        from segment_hourly
        cross join everybody
    ),

    compared as (
        select
            send_times.segment,
            send_times.customer_count,
            send_times.best_hour,
            send_times.hour_share,
            send_times.hour_difference_low > 0
            and send_times.best_hour
            <> at_everybodys_hour.everybodys_hour as is_told_apart,
            at_everybodys_hour.everybodys_hour,
            cast(at_everybodys_hour.order_count as double)
            / at_everybodys_hour.timed_order_count as everybodys_share
        from send_times
        inner join
            at_everybodys_hour
            on send_times.segment = at_everybodys_hour.segment
            and at_everybodys_hour.order_hour = at_everybodys_hour.everybodys_hour
        where send_times.best_hour is not null and send_times.display_order > 0
    ),

    measured as (
        select
            segment as subject,
            case when is_told_apart then hour_share - everybodys_share end as value,
            everybodys_share as baseline,
            customer_count,
            null as amount_at_stake,
            null as period_start,
            null as period_end,
            concat(
                segment,
                ' orders most at ',
                {{ number_text("best_hour") }},
                ':00 (',
                {{ share_text("hour_share", 1) }},
                ' of its orders); at ',
                {{ number_text("everybodys_hour") }},
                {{ text_literal(":00, everybody's best hour, it is ") }},
                {{ share_text("everybodys_share", 1) }},
                case
                    when best_hour = everybodys_hour
                    then '. They are the same.'
                    when is_told_apart
                    then '.'
                    else '. Chance may explain the difference.'
                end
            ) as sentence
        from compared
    ),

    alert as ({{ alert_rows() }})

select *
from alert
