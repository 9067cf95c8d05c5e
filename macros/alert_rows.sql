{#
  A CTE body: everything that an alert measured, with its severity. Needs the CTEs `rule` (alert_rule) and
  `measured`, which has subject, value (NULL: measured and found to be nothing), baseline, customer_count,
  amount_at_stake, period_start, period_end and sentence.
#}
{% macro alert_rows() -%}
    select
        scoring_date.as_of_date,
        rule.alert,
        cast(measured.subject as string) as subject,
        {# a ratio of 1.5 must not miss its threshold by the last digit of a division -#}
        {%- set value = "round(cast(measured.value as double), 9)" -%}
        case
            when rule.comparison = 'above' and {{ value }} >= rule.critical_threshold
            then 'RED'
            when rule.comparison = 'below' and {{ value }} <= rule.critical_threshold
            then 'RED'
            when rule.comparison = 'above' and {{ value }} >= rule.warn_threshold
            then 'AMBER'
            when rule.comparison = 'below' and {{ value }} <= rule.warn_threshold
            then 'AMBER'
            else 'GREEN'
        end as severity,
        {{ value }} as value,
        cast(measured.baseline as double) as baseline,
        cast(measured.customer_count as bigint) as customer_count,
        cast(measured.amount_at_stake as decimal(18, 4)) as amount_at_stake,
        cast(measured.period_start as date) as period_start,
        cast(measured.period_end as date) as period_end,
        measured.sentence
    from measured
    cross join rule
    cross join scoring_date
{%- endmacro %}
