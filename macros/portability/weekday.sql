{# Weekday of a date as a number, Monday 0 to Sunday 6. #}
{% macro weekday(day) %}
    {{ adapter.dispatch("weekday", "regulars")(day) }}
{% endmacro %}

{% macro default__weekday(day) %}
    {{
        exceptions.raise_compiler_error(
            "weekday has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__weekday(day) %} (cast(isodow({{ day }}) as integer) - 1){% endmacro %}

{% macro spark__weekday(day) %} weekday({{ day }}){% endmacro %}
