-- A failure means that customers are missing from the migration matrix, or counted
-- twice.
select
    matrix.to_date,
    matrix.customer_count,
    history.customer_count as customers_in_history
from
    (
        select to_date, sum(customer_count) as customer_count
        from {{ ref("segment_migration_matrix") }}
        where to_segment is not null
        group by to_date
    ) as matrix
inner join
    (
        select as_of_date, count(*) as customer_count
        from {{ ref("segment_history") }}
        group by as_of_date
    ) as history
    on matrix.to_date = history.as_of_date
where matrix.customer_count <> history.customer_count
