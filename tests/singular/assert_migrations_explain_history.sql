-- A failure means that last month's segments plus the ledger of migrations do not
-- give this month's segments.
with
    history as (
        select as_of_date, customer_id, segment from {{ ref("segment_history") }}
    ),

    migrations as (select * from {{ ref("segment_migrations") }}),

    months as (
        select as_of_date, lag(as_of_date) over (order by as_of_date) as previous_date
        from (select distinct as_of_date from history) as dates
    ),

    explained as (
        select months.as_of_date, history.customer_id, history.segment
        from months
        inner join history on months.previous_date = history.as_of_date
        left join
            migrations
            on months.as_of_date = migrations.to_date
            and history.customer_id = migrations.customer_id
        where migrations.customer_id is null
        union all
        select to_date as as_of_date, customer_id, to_segment as segment
        from migrations
        where to_segment is not null
    ),

    actual as (
        select history.as_of_date, history.customer_id, history.segment
        from history
        inner join months on history.as_of_date = months.as_of_date
        where months.previous_date is not null
    )

    (
        select *
        from explained
        except
        select *
        from actual
    )
union all
(
    select *
    from actual
    except
    select *
    from explained
)
