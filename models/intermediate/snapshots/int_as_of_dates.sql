{{ config(materialized="table") }}

-- Grain: one row per as_of_date. The dates that the project looks back from, and what
-- for.
with
    kept_lines as (
        select occurred_at, occurred_date
        from {{ ref("int_transactions_classified") }}
        where disposition in ('sale', 'return', 'anonymous_sale', 'anonymous_return')
    ),

    bounds as (
        select
            min(occurred_date) as first_date,
            {% if var("as_of_date") %}
                date '{{ var("as_of_date") }}' as as_of_date,
                cast(date '{{ var("as_of_date") }}' as timestamp) as as_of_at
            {% else %}
                {{ add_days("max(occurred_date)", 1) }} as as_of_date,
                max(occurred_at) + interval 1 day as as_of_at
            {% endif %}
        from kept_lines
    ),

    months as (
        select
            {{
                month_spine(
                    "cast(date_trunc('month', first_date) as date)",
                    "cast(date_trunc('month', as_of_date) as date)",
                )
            }} as as_of_date
        from bounds
    ),

    -- the end of a month is the first day of the next: the first day not counted
    dates as (
        select
            as_of_date,
            as_of_at,
            true as is_scoring_date,
            false as is_month_end,
            true as is_feature_date,
            false as is_origin
        from bounds
        union all
        select
            months.as_of_date,
            cast(months.as_of_date as timestamp) as as_of_at,
            false as is_scoring_date,
            true as is_month_end,
            false as is_feature_date,
            false as is_origin
        from months
        cross join bounds
        where months.as_of_date > bounds.first_date
        {% for feature_date in var("feature_as_of_dates") %}
            union all
            select
                date '{{ feature_date }}' as as_of_date,
                cast(date '{{ feature_date }}' as timestamp) as as_of_at,
                false as is_scoring_date,
                false as is_month_end,
                true as is_feature_date,
                false as is_origin
        {% endfor %}
        -- models learn from what followed these dates, and are judged on it
        {% for number in range(1, (var("prediction_origins") | int) + 1) %}
                {% set days = number * (var("prediction_origin_spacing_days") | int) %}
            union all
            select
                {{ add_days("as_of_date", -days) }} as as_of_date,
                cast({{ add_days("as_of_date", -days) }} as timestamp) as as_of_at,
                false as is_scoring_date,
                false as is_month_end,
                true as is_feature_date,
                true as is_origin
            from bounds
            where
                {{ add_days("as_of_date", -days) }}
                >= {{ add_days("first_date", var("prediction_origin_minimum_days")) }}
        {% endfor %}
    ),

    merged as (
        select
            as_of_date,
            max(as_of_at) as as_of_at,
            {% for flag in [
                "is_scoring_date",
                "is_month_end",
                "is_feature_date",
                "is_origin",
            ] %}
                max(case when {{ flag }} then 1 else 0 end)
                = 1 as {{ flag }}{{ "," if not loop.last }}
            {% endfor %}
        from dates
        group by as_of_date
    )

select *
from merged
