-- What moved customers from one segment to another in the last full month?
-- How to read: one row per move and cause, most customers first. Causes: purchased,
-- time_passed, returned_goods, or cut_points_moved (only other customers changed
-- what a score takes). cause_pct is the percentage of all moves that have the cause,
-- move_pct that of the row alone. revenue is the customers' net revenue so far
-- (money), not that of the month.
with
    segment_migrations as (select * from {{ ref("segment_migrations") }}),

    last_month as (select max(to_date) as to_date from segment_migrations),

    moves_of_last_month as (
        select
            segment_migrations.from_date,
            segment_migrations.to_date,
            segment_migrations.cause,
            coalesce(
                segment_migrations.from_segment, 'no order before'
            ) as from_segment,
            coalesce(segment_migrations.to_segment, 'no order left') as to_segment,
            segment_migrations.monetary
        from segment_migrations
        inner join last_month on segment_migrations.to_date = last_month.to_date
    ),

    moves_counted as (
        select
            from_date,
            to_date,
            cause,
            from_segment,
            to_segment,
            count(*) as customer_count,
            sum(monetary) as revenue
        from moves_of_last_month
        group by from_date, to_date, cause, from_segment, to_segment
    ),

    moves_with_shares as (
        select
            from_date,
            to_date,
            cause,
            from_segment,
            to_segment,
            customer_count,
            round(
                100.0 * customer_count / nullif(sum(customer_count) over (), 0), 1
            ) as move_pct,
            round(
                100.0
                * sum(customer_count) over (partition by cause)
                / nullif(sum(customer_count) over (), 0),
                1
            ) as cause_pct,
            round(revenue, 2) as revenue
        from moves_counted
    )

select *
from moves_with_shares
order by customer_count desc, cause asc, from_segment asc, to_segment asc
