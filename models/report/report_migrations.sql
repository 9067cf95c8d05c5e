-- Grain: one row per segment before and after over the last whole month, stayers
-- included.
with
    matrix as (select * from {{ ref("segment_migration_matrix") }}),

    migrations as (select * from {{ ref("segment_migrations") }}),

    segments as (select * from {{ ref("segments") }}),

    last_month as (select max(to_date) as to_date from matrix),

    causes as (
        select
            migrations.from_segment,
            migrations.to_segment,
            {% for cause in [
                "purchased",
                "time_passed",
                "cut_points_moved",
                "returned_goods",
            ] %}
                count(
                    case when migrations.cause = '{{ cause }}' then 1 end
                ) as {{ cause }}_count{{ "," if not loop.last }}
            {% endfor %}
        from migrations
        inner join last_month on migrations.to_date = last_month.to_date
        group by migrations.from_segment, migrations.to_segment
    ),

    report_migrations as (
        select
            matrix.from_date,
            matrix.to_date,
            matrix.from_segment,
            from_segments.display_order as from_order,
            matrix.to_segment,
            to_segments.display_order as to_order,
            case
                when to_segments.display_order < from_segments.display_order
                then 'up'
                when to_segments.display_order > from_segments.display_order
                then 'down'
                else 'stayed'
            end as direction,
            {{ is_small_cell("matrix.customer_count") }} as is_suppressed,
            {{ unless_small_cell("matrix.customer_count", "matrix.customer_count") }}
            as customer_count,
            {{ unless_small_cell("matrix.revenue", "matrix.customer_count") }}
            as revenue,
            {% for cause in [
                "purchased",
                "time_passed",
                "cut_points_moved",
                "returned_goods",
            ] %}
                cast(
                    {{
                        unless_small_cell(
                            "coalesce(causes." ~ cause ~ "_count, 0)",
                            "matrix.customer_count",
                        )
                    }} as bigint
                ) as {{ cause }}_count{{ "," if not loop.last }}
            {% endfor %}
        from matrix
        inner join last_month on matrix.to_date = last_month.to_date
        inner join
            segments as from_segments on matrix.from_segment = from_segments.segment
        inner join segments as to_segments on matrix.to_segment = to_segments.segment
        left join
            causes
            on matrix.from_segment = causes.from_segment
            and matrix.to_segment = causes.to_segment
    )

select *
from report_migrations
