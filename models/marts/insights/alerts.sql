-- Grain: one row per alert and subject that fires at the scoring date, worst first.
with
    measurements as (
        select * from {{ ref("int_alert_measurements") }} where severity <> 'GREEN'
    ),

    rules as (select * from {{ ref("alert_rules") }}),

    alerts as (
        select
            concat(measurements.alert, ': ', measurements.subject) as alert_id,
            measurements.as_of_date,
            measurements.alert,
            rules.alert_category,
            rules.title,
            measurements.subject,
            measurements.severity,
            cast(
                row_number() over (
                    order by
                        case measurements.severity when 'RED' then 0 else 1 end asc,
                        measurements.amount_at_stake desc nulls last,
                        measurements.alert asc,
                        measurements.subject asc
                ) as integer
            ) as alert_rank,
            measurements.value,
            rules.unit,
            rules.comparison,
            rules.warn_threshold,
            rules.critical_threshold,
            measurements.baseline,
            measurements.customer_count,
            measurements.amount_at_stake,
            measurements.period_start,
            measurements.period_end,
            measurements.sentence,
            rules.owner,
            rules.action
        from measurements
        inner join rules on measurements.alert = rules.alert
    )

select *
from alerts
