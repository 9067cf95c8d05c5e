{# A set-returning expression: the first day of each month from one first day to another, both included. #}
{% macro month_spine(first_month, last_month) %}
    {{ adapter.dispatch("month_spine", "regulars")(first_month, last_month) }}
{% endmacro %}

{% macro default__month_spine(first_month, last_month) %}
    {{
        exceptions.raise_compiler_error(
            "month_spine has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__month_spine(first_month, last_month) %}
    unnest(
        cast(
            generate_series(
                cast({{ first_month }} as timestamp),
                cast({{ last_month }} as timestamp),
                interval 1 month
            ) as date[]
        )
    )
{% endmacro %}

{% macro spark__month_spine(first_month, last_month) %}
    explode(sequence({{ first_month }}, {{ last_month }}, interval 1 month))
{% endmacro %}
