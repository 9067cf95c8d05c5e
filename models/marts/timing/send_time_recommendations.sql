-- Grain: one row per segment, and one for all customers together.
with
    customer_segments as (select * from {{ ref("customer_segments") }}),

    send_times as (select * from {{ ref("int_send_times") }}),

    weekdays as (select * from {{ ref("weekdays") }}),

    segments as (
        select segment, display_order
        from {{ ref("segments") }}
        union all
        select 'All customers' as segment, 0 as display_order
    ),

    sizes as (
        select segment, count(*) as customer_count
        from customer_segments
        group by segment
        union all
        select 'All customers' as segment, count(*) as customer_count
        from customer_segments
    ),

    send_time_recommendations as (
        select
            segments.segment,
            segments.display_order,
            cast(coalesce(sizes.customer_count, 0) as bigint) as customer_count,
            {% for slot in ["hour", "weekday"] %}
                cast(best_{{ slot }}.best_slot as integer) as best_{{ slot }},
                {% if slot == "weekday" %}
                    weekdays.weekday_name as best_weekday_name,
                {% endif %}
                cast(best_{{ slot }}.best_count as double)
                / sizes.customer_count as {{ slot }}_orders_per_customer,
                best_{{ slot }}.share as {{ slot }}_share,
                best_{{ slot }}.share_low as {{ slot }}_share_low,
                best_{{ slot }}.share_high as {{ slot }}_share_high,
                cast(best_{{ slot }}.second_slot as integer) as second_{{ slot }},
                best_{{ slot }}.second_share as second_{{ slot }}_share,
                best_{{ slot }}.difference_low as {{ slot }}_difference_low,
                best_{{ slot }}.difference_high as {{ slot }}_difference_high,
                coalesce(
                    best_{{ slot }}.verdict,
                    {% if slot == "hour" %}
                        case
                            when sizes.customer_count > 0
                            then 'The orders have no time of day.'
                        end,
                    {% endif %}
                    'Nobody is in the segment.'
                ) as {{ slot }}_verdict,
                cast(
                    coalesce(best_{{ slot }}.order_count, 0) as bigint
                ) as {{ slot }}_order_count,
                cast(
                    coalesce(best_{{ slot }}.customer_count, 0) as bigint
                ) as {{ slot }}_customer_count{{ "," if not loop.last }}
            {% endfor %}
        from segments
        left join sizes on segments.segment = sizes.segment
        {% for slot in ["hour", "weekday"] %}
            left join
                send_times as best_{{ slot }}
                on segments.segment = best_{{ slot }}.segment
                and best_{{ slot }}.slot_type = '{{ slot }}'
        {% endfor %}
        left join weekdays on best_weekday.best_slot = weekdays.weekday
    )

select *
from send_time_recommendations
