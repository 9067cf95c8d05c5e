-- Grain: one row per month end: how many customers moved to a better or a worse
-- segment since the last one.
with
    matrix as (select * from {{ ref("segment_migration_matrix") }}),

    segments as (select * from {{ ref("segments") }}),

    directed as (
        select
            matrix.from_date,
            matrix.to_date,
            matrix.customer_count,
            matrix.revenue,
            case
                when to_segments.display_order < from_segments.display_order
                then 'up'
                when to_segments.display_order > from_segments.display_order
                then 'down'
                else 'stayed'
            end as direction
        from matrix
        inner join
            segments as from_segments on matrix.from_segment = from_segments.segment
        inner join segments as to_segments on matrix.to_segment = to_segments.segment
    ),

    report_segment_moves as (
        select
            from_date,
            to_date,
            {% for direction in ["up", "down", "stayed"] %}
                cast(
                    sum(
                        case
                            when direction = '{{ direction }}'
                            then customer_count
                            else 0
                        end
                    ) as bigint
                ) as {{ direction }}_count,
                cast(
                    sum(
                        case when direction = '{{ direction }}' then revenue else 0 end
                    ) as decimal(18, 4)
                ) as {{ direction }}_revenue{{ "," if not loop.last }}
            {% endfor %}
        from directed
        group by from_date, to_date
    )

select *
from report_segment_moves
