-- Grain: one row per customer at the scoring date: the hour and weekday at which a
-- message fits best, and where each comes from. The customer's own habit goes before
-- the segment's; without either there is none.
with
    personas as (select * from {{ ref("customer_timing_personas") }}),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    send_times as (select * from {{ ref("send_time_recommendations") }}),

    -- what a persona is about: an hour, or weekends
    persona_kinds as (
        select
            timing_persona,
            max(case when first_hour is not null then 1 else 0 end) as is_of_hours,
            max(
                case when weekend_ratio_above is not null then 1 else 0 end
            ) as is_of_weekends
        from {{ ref("persona_rules") }}
        where rule_set = '{{ var("persona_rules") }}'
        group by timing_persona
    ),

    habits as (
        select
            customer_segments.customer_id,
            customer_segments.segment,
            personas.timing_persona,
            case
                when persona_kinds.is_of_hours = 1 then personas.preferred_hour
            end as own_hour,
            -- the most frequent day of a weekend buyer may still be a weekday
            case
                when
                    persona_kinds.is_of_weekends = 1 and personas.preferred_weekday >= 5
                then personas.preferred_weekday
            end as own_weekday,
            {% for slot in ["hour", "weekday"] %}
                case
                    when
                        send_times.{{ slot }}_difference_low > 0
                        or send_times.second_{{ slot }} is null
                    then send_times.best_{{ slot }}
                end as segment_{{ slot }},
                send_times.{{ slot }}_verdict{{ "," if not loop.last }}
            {% endfor %}
        from customer_segments
        inner join personas on customer_segments.customer_id = personas.customer_id
        inner join send_times on customer_segments.segment = send_times.segment
        left join
            persona_kinds
            on personas.timing_persona = persona_kinds.timing_persona
            and personas.withheld_reason is null
    ),

    send_habits as (
        select
            habits.customer_id,
            cast(
                coalesce(habits.own_hour, habits.segment_hour) as integer
            ) as best_send_hour,
            cast(
                coalesce(habits.own_weekday, habits.segment_weekday) as integer
            ) as best_send_weekday,
            concat(
                {% for slot in ["hour", "weekday"] %}
                    '{{ "Hour: " if slot == "hour" else " Weekday: " }}',
                    case
                        when habits.own_{{ slot }} is not null
                        then concat('own habit of the customer (', timing_persona, ').')
                        when habits.segment_{{ slot }} is not null
                        then concat('of ', segment, '. ', {{ slot }}_verdict)
                        else
                            concat(
                                'no habit of the customer; of ',
                                segment,
                                ' the data do not tell. ',
                                {{ slot }}_verdict
                            )
                    end{{ "," if not loop.last }}
                {% endfor %}
            ) as best_send_reason
        from habits
    )

select *
from send_habits
