-- Grain: period_type, period_start: every day and every week (Monday to Sunday) from
-- the first order to the scoring date.
with
    days as (select * from {{ ref("int_timing_days") }}),

    orders as (select * from {{ ref("int_timing_orders") }}),

    weekdays as (select * from {{ ref("weekdays") }}),

    judged as (
        select
            period_type,
            cast(period_start as date) as period_start,
            cast(expected_revenue as decimal(18, 4)) as expected_revenue,
            cast(expected_low as decimal(18, 4)) as expected_low,
            cast(expected_high as decimal(18, 4)) as expected_high,
            anomaly_score,
            is_anomaly,
            method,
            reason
        from {{ ref("py_revenue_anomalies") }}
    ),

    periods as (
        select
            'day' as period_type,
            order_date as period_start,
            order_date as period_end,
            weekday,
            order_count,
            revenue
        from days
        union all
        select
            'week' as period_type,
            week_start as period_start,
            {{ add_days("week_start", 6) }} as period_end,
            cast(null as integer) as weekday,
            sum(order_count) as order_count,
            sum(revenue) as revenue
        from days
        group by week_start
    ),

    -- under var timing_unit line an order is several rows
    order_totals as (
        select
            days.order_date,
            days.week_start,
            orders.order_id,
            sum(orders.revenue) as revenue
        from orders
        inner join days on orders.order_date = days.order_date
        group by days.order_date, days.week_start, orders.order_id
    ),

    orders_ranked as (
        select
            order_date,
            week_start,
            order_id,
            revenue,
            row_number() over (
                partition by order_date order by revenue desc, order_id asc
            ) as place_in_day,
            row_number() over (
                partition by week_start order by revenue desc, order_id asc
            ) as place_in_week
        from order_totals
    ),

    largest_orders as (
        select 'day' as period_type, order_date as period_start, order_id, revenue
        from orders_ranked
        where place_in_day = 1
        union all
        select 'week' as period_type, week_start as period_start, order_id, revenue
        from orders_ranked
        where place_in_week = 1
    ),

    compared as (
        select
            periods.period_type,
            periods.period_start,
            periods.period_end,
            periods.weekday,
            cast(periods.order_count as bigint) as order_count,
            cast(periods.revenue as decimal(18, 4)) as revenue,
            judged.expected_revenue,
            judged.expected_low,
            judged.expected_high,
            judged.anomaly_score,
            judged.is_anomaly,
            case
                when judged.is_anomaly and judged.anomaly_score > 0
                then 'spike'
                when judged.is_anomaly
                then 'drop'
            end as direction,
            largest_orders.order_id as largest_order_id,
            cast(largest_orders.revenue as decimal(18, 4)) as largest_order_revenue,
            case
                when periods.revenue > 0
                then
                    cast(largest_orders.revenue as double)
                    / cast(periods.revenue as double)
            end as largest_order_share,
            judged.is_anomaly
            and judged.anomaly_score > 0
            and periods.revenue - largest_orders.revenue < judged.expected_high
            -- most of what is too much
            and 2 * largest_orders.revenue
            >= periods.revenue - judged.expected_revenue as is_one_order,
            judged.method,
            judged.reason,
            case
                when periods.period_type = 'week'
                then
                    concat(
                        'the week from ',
                        cast(periods.period_start as string),
                        ' to ',
                        cast(periods.period_end as string)
                    )
                else
                    concat(
                        weekdays.weekday_name, ' ', cast(periods.period_start as string)
                    )
            end as period_name
        from periods
        inner join
            judged
            on periods.period_type = judged.period_type
            and periods.period_start = judged.period_start
        left join
            largest_orders
            on periods.period_type = largest_orders.period_type
            and periods.period_start = largest_orders.period_start
        left join weekdays on periods.weekday = weekdays.weekday
    ),

    revenue_anomalies as (
        select
            period_type,
            period_start,
            period_end,
            weekday,
            order_count,
            revenue,
            expected_revenue,
            expected_low,
            expected_high,
            anomaly_score,
            is_anomaly,
            direction,
            largest_order_id,
            largest_order_revenue,
            largest_order_share,
            is_one_order,
            method,
            reason,
            concat(
                'Revenue of ',
                period_name,
                ': ',
                {{ amount_text("revenue") }},
                ' of ',
                {{ number_text("order_count") }},
                case when order_count = 1 then ' order' else ' orders' end,
                case
                    when reason is not null
                    then concat('. Not judged: ', reason)
                    else
                        concat(
                            case
                                when direction = 'spike'
                                then ', unusually much; '
                                when direction = 'drop'
                                then ', unusually little; '
                                else ', as usual; '
                            end,
                            {{ amount_text("expected_revenue") }},
                            ' expected, usually ',
                            {{ number_text("expected_low") }},
                            ' to ',
                            {{ number_text("expected_high") }},
                            '.'
                        )
                end,
                case
                    when is_anomaly and largest_order_id is not null
                    then
                        concat(
                            ' Largest order: ',
                            largest_order_id,
                            ' of ',
                            {{ amount_text("largest_order_revenue") }},
                            case
                                when largest_order_share is not null
                                then
                                    concat(
                                        ', ',
                                        {{ share_text("largest_order_share") }},
                                        ' of it'
                                    )
                                else ''
                            end,
                            case
                                when is_one_order
                                then '; without it the rest would be as usual.'
                                else '.'
                            end
                        )
                    else ''
                end
            ) as sentence
        from compared
    )

select *
from revenue_anomalies
