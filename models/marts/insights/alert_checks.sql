-- Grain: one row per row of seed alert_rules: whether it was checked, and what came
-- out.
with
    rules as (select * from {{ ref("alert_rules") }}),

    measurements as (select * from {{ ref("int_alert_measurements") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    ranked as (
        select
            measurements.*,
            row_number() over (
                partition by measurements.alert
                order by
                    case
                        rules.comparison
                        when 'above'
                        then measurements.value
                        else - measurements.value
                    end desc nulls last,
                    measurements.subject asc
            ) as worst_rank
        from measurements
        inner join rules on measurements.alert = rules.alert
    ),

    counted as (
        select
            alert,
            count(*) as measured_count,
            sum(case when severity = 'GREEN' then 0 else 1 end) as fired_count,
            max(
                case severity when 'RED' then 2 when 'AMBER' then 1 else 0 end
            ) as worst_severity,
            max(case when worst_rank = 1 then value end) as worst_value,
            max(case when worst_rank = 1 then sentence end) as worst_sentence
        from ranked
        group by alert
    ),

    alert_checks as (
        select
            scoring_date.as_of_date,
            rules.alert,
            rules.alert_category,
            rules.title,
            rules.metric,
            rules.unit,
            rules.comparison,
            rules.warn_threshold,
            rules.critical_threshold,
            rules.window_days,
            rules.is_enabled,
            case
                when counted.alert is null
                then 'NOT CHECKED'
                when counted.worst_severity = 2
                then 'RED'
                when counted.worst_severity = 1
                then 'AMBER'
                else 'GREEN'
            end as status,
            cast(coalesce(counted.measured_count, 0) as bigint) as measured_count,
            cast(coalesce(counted.fired_count, 0) as bigint) as fired_count,
            counted.worst_value,
            case
                when not rules.is_enabled
                then 'Switched off in seed alert_rules.'
                when counted.alert is null
                then concat('There is nothing to measure. Needed: ', rules.needs)
                else counted.worst_sentence
            end as statement,
            rules.owner,
            rules.action
        from rules
        cross join scoring_date
        left join counted on rules.alert = counted.alert
    )

select *
from alert_checks
