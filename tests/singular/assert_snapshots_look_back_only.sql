-- A failure means that a snapshot knows something that happened on its date or later.
with
    snapshots as (
        select as_of_date, customer_id, repeat_purchase_days, recency_days
        from {{ ref("training_snapshots") }}
    ),

    order_parts as (select * from {{ ref("int_orders_as_of") }}),

    first_dates as (
        select customer_id, min(sold_date) as first_date
        from {{ ref("int_order_parts") }}
        group by customer_id
    ),

    latest as (
        select as_of_date, customer_id, max(cast(last_sold_at as date)) as last_date
        from order_parts
        group by as_of_date, customer_id
    )

select
    snapshots.as_of_date,
    snapshots.customer_id,
    latest.last_date,
    first_dates.first_date
from snapshots
inner join first_dates on snapshots.customer_id = first_dates.customer_id
left join
    latest
    on snapshots.as_of_date = latest.as_of_date
    and snapshots.customer_id = latest.customer_id
where
    latest.last_date is null
    or latest.last_date >= snapshots.as_of_date
    or first_dates.first_date >= snapshots.as_of_date
    or snapshots.recency_days < 0
