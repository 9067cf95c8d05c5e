-- Grain: one row per customer_id at the scoring date: when they buy, by the first rule
-- of seed persona_rules that fits, if there is evidence.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    features as (select * from {{ ref("int_features_temporal") }}),

    orders as (select * from {{ ref("int_orders_as_of") }}),

    weekdays as (select * from {{ ref("weekdays") }}),

    persona_rules as (
        select *
        from {{ ref("persona_rules") }}
        where rule_set = '{{ var("persona_rules") }}'
    ),

    order_counts as (
        select
            as_of_date,
            customer_id,
            count(*) as order_count,
            -- a date without a time reads as midnight
            sum(
                case
                    when first_sold_at <> cast(cast(first_sold_at as date) as timestamp)
                    then 1
                    else 0
                end
            ) as timed_order_count
        from orders
        group by as_of_date, customer_id
    ),

    habits as (
        select
            features.as_of_date,
            features.customer_id,
            order_counts.order_count,
            order_counts.timed_order_count,
            features.preferred_hour,
            features.hour_concentration,
            features.preferred_day as preferred_weekday,
            weekdays.weekday_name as preferred_weekday_name,
            features.weekend_ratio,
            -- hour 0 is no habit of customers whose times are partly missing
            order_counts.timed_order_count >= {{ var("persona_orders_from") }}
            and (
                features.preferred_hour > 0
                or order_counts.timed_order_count = order_counts.order_count
            ) as is_hour_known
        from features
        inner join scoring_date on features.as_of_date = scoring_date.as_of_date
        inner join
            order_counts
            on features.as_of_date = order_counts.as_of_date
            and features.customer_id = order_counts.customer_id
        inner join weekdays on features.preferred_day = weekdays.weekday
    ),

    ranked_rules as (
        select
            habits.customer_id,
            persona_rules.timing_persona,
            persona_rules.first_hour is not null as is_of_hours,
            row_number() over (
                partition by habits.customer_id order by persona_rules.priority
            ) as rule_rank
        from habits
        inner join
            persona_rules
            on (
                persona_rules.weekend_ratio_above is null
                or habits.weekend_ratio > persona_rules.weekend_ratio_above
            )
            and (
                persona_rules.first_hour is null
                or habits.preferred_hour
                between persona_rules.first_hour and persona_rules.last_hour
                or (
                    persona_rules.first_hour > persona_rules.last_hour
                    and (
                        habits.preferred_hour >= persona_rules.first_hour
                        or habits.preferred_hour <= persona_rules.last_hour
                    )
                )
            )
    ),

    judged as (
        select
            habits.*,
            ranked_rules.timing_persona as matched_persona,
            case
                when habits.order_count < {{ var("persona_orders_from") }}
                then
                    concat(
                        'Orders: ',
                        habits.order_count,
                        '; a habit needs {{ var("persona_orders_from") }}.'
                    )
                when ranked_rules.timing_persona is null
                then 'No rule fits.'
                when ranked_rules.is_of_hours and not habits.is_hour_known
                then
                    concat(
                        'Orders with a time of day: ',
                        habits.timed_order_count,
                        ' of ',
                        habits.order_count,
                        '; the preferred hour is not known.'
                    )
                when
                    ranked_rules.is_of_hours
                    and habits.hour_concentration
                    < {{ var("persona_hour_concentration_from") }}
                then
                    concat(
                        'Lines in the preferred hour: ',
                        cast(floor(100 * habits.hour_concentration) as integer),
                        ' %; a habit needs ',
                        '{{ (100 * (var("persona_hour_concentration_from") | float)) | round | int }} %.'
                    )
            end as withheld_reason
        from habits
        left join
            ranked_rules
            on habits.customer_id = ranked_rules.customer_id
            and ranked_rules.rule_rank = 1
    ),

    customer_timing_personas as (
        select
            as_of_date,
            customer_id,
            case
                when withheld_reason is null
                then matched_persona
                else 'No clear pattern'
            end as timing_persona,
            withheld_reason,
            cast(order_count as integer) as order_count,
            cast(timed_order_count as integer) as timed_order_count,
            cast(preferred_hour as integer) as preferred_hour,
            hour_concentration,
            cast(preferred_weekday as integer) as preferred_weekday,
            preferred_weekday_name,
            weekend_ratio
        from judged
    )

select *
from customer_timing_personas
