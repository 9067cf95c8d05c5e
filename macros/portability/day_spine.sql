{# A set-returning expression: every day from one date to another, both included. #}
{% macro day_spine(first_day, last_day) %}
    {{ adapter.dispatch("day_spine", "regulars")(first_day, last_day) }}
{% endmacro %}

{% macro default__day_spine(first_day, last_day) %}
    {{
        exceptions.raise_compiler_error(
            "day_spine has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__day_spine(first_day, last_day) %}
    unnest(
        cast(
            generate_series(
                cast({{ first_day }} as timestamp),
                cast({{ last_day }} as timestamp),
                interval 1 day
            ) as date[]
        )
    )
{% endmacro %}

{% macro spark__day_spine(first_day, last_day) %}
    explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day))
{% endmacro %}
