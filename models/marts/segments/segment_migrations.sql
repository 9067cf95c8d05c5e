-- Grain: one row per customer_id and month (to_date) in which the segment changed,
-- with the cause.
-- cut_points_moved: today's values scored with the cut points of from_date give the
-- old segment.
-- time_passed: so would not the older recency alone. Otherwise a purchase, or
-- returned goods.
with
    month_ends as (select * from {{ ref("int_as_of_dates") }} where is_month_end),

    all_cut_points as (select * from {{ ref("rfm_cut_points") }}),

    segment_grid as (
        select *
        from {{ ref("int_segment_grid") }}
        where rule_set = '{{ var("segment_rules") }}'
    ),

    periods as (
        select from_date, to_date
        from
            (
                select
                    lag(as_of_date) over (order by as_of_date) as from_date,
                    as_of_date as to_date
                from month_ends
            ) as consecutive
        where from_date is not null
    ),

    cut_points as (
        select
            as_of_date,
            {% for metric in ["recency_days", "frequency", "monetary"] %}
                {% for score in range(1, 6) %}
                    max(
                        case
                            when metric = '{{ metric }}' and score = {{ score }}
                            then
                                {{
                                    (
                                        "highest_value"
                                        if metric == "recency_days"
                                        else "lowest_value"
                                    )
                                }}
                        end
                    ) as {{ metric }}_{{ score }},
                {% endfor %}
                min(
                    case when metric = '{{ metric }}' then score end
                ) as {{ metric }}_lowest_score{{ "," if not loop.last }}
            {% endfor %}
        from all_cut_points
        group by as_of_date
    ),

    before as (
        select periods.from_date, periods.to_date, history.*
        from periods
        inner join
            {{ ref("int_rfm_scores") }} as history
            on periods.from_date = history.as_of_date
    ),

    after as (
        select periods.from_date, periods.to_date, history.*
        from periods
        inner join
            {{ ref("int_rfm_scores") }} as history
            on periods.to_date = history.as_of_date
    ),

    changes as (
        select
            coalesce(before.from_date, after.from_date) as from_date,
            coalesce(before.to_date, after.to_date) as to_date,
            coalesce(before.customer_id, after.customer_id) as customer_id,
            before.segment as from_segment,
            after.segment as to_segment,
            before.monetary as from_monetary,
            after.monetary as to_monetary,
            before.recency_days as from_recency_days,
            before.frequency as from_frequency,
            after.recency_days,
            after.frequency,
            after.last_purchase_date
        from before
        full outer join
            after
            on before.to_date = after.to_date
            and before.customer_id = after.customer_id
        where coalesce(before.segment, '') <> coalesce(after.segment, '')
    ),

    rescored as (
        select
            changes.*,
            {{ score_by_cut_points("changes.recency_days", "recency_days") }}
            as r_score,
            {{ score_by_cut_points("changes.frequency", "frequency") }} as f_score,
            {{ score_by_cut_points("changes.to_monetary", "monetary") }} as m_score,
            {{
                score_by_cut_points(
                    "changes.from_recency_days + "
                    ~ days_between("changes.from_date", "changes.to_date"),
                    "recency_days",
                )
            }} as time_r_score,
            {{ score_by_cut_points("changes.from_frequency", "frequency") }}
            as time_f_score,
            {{ score_by_cut_points("changes.from_monetary", "monetary") }}
            as time_m_score
        from changes
        inner join cut_points on changes.from_date = cut_points.as_of_date
    ),

    segment_migrations as (
        select
            rescored.from_date,
            rescored.to_date,
            rescored.customer_id,
            rescored.from_segment,
            rescored.to_segment,
            case
                when rescored.from_segment is null
                then 'purchased'
                when rescored.to_segment is null
                then 'returned_goods'
                when by_old_cut_points.segment = rescored.from_segment
                then 'cut_points_moved'
                when rescored.last_purchase_date >= rescored.from_date
                then 'purchased'
                when by_time_alone.segment <> rescored.from_segment
                then 'time_passed'
                else 'returned_goods'
            end as cause,
            coalesce(rescored.to_monetary, rescored.from_monetary) as monetary
        from rescored
        left join
            segment_grid as by_old_cut_points
            on rescored.r_score = by_old_cut_points.r_score
            and rescored.f_score = by_old_cut_points.f_score
            and rescored.m_score = by_old_cut_points.m_score
        left join
            segment_grid as by_time_alone
            on rescored.time_r_score = by_time_alone.r_score
            and rescored.time_f_score = by_time_alone.f_score
            and rescored.time_m_score = by_time_alone.m_score
    )

select *
from segment_migrations
