-- Grain: one row per to_date, from_segment and to_segment that occurred, stayers
-- included.
with
    segment_history as (select * from {{ ref("segment_history") }}),

    migrations as (select * from {{ ref("segment_migrations") }}),

    month_ends as (select distinct as_of_date from segment_history),

    periods as (
        select
            lag(as_of_date) over (order by as_of_date) as from_date,
            as_of_date as to_date
        from month_ends
    ),

    stayers as (
        select
            periods.from_date,
            periods.to_date,
            segment_history.customer_id,
            segment_history.segment as from_segment,
            segment_history.segment as to_segment,
            segment_history.monetary
        from segment_history
        inner join periods on segment_history.as_of_date = periods.to_date
        left join
            migrations
            on segment_history.as_of_date = migrations.to_date
            and segment_history.customer_id = migrations.customer_id
        where periods.from_date is not null and migrations.customer_id is null
    ),

    movers_and_stayers as (
        select from_date, to_date, from_segment, to_segment, monetary
        from migrations
        union all
        select from_date, to_date, from_segment, to_segment, monetary
        from stayers
    ),

    matrix as (
        select
            from_date,
            to_date,
            from_segment,
            to_segment,
            count(*) as customer_count,
            cast(sum(monetary) as decimal(18, 4)) as revenue
        from movers_and_stayers
        group by from_date, to_date, from_segment, to_segment
    )

select *
from matrix
