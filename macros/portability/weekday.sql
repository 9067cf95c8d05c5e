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

{# as dayofweek: the weekday of Sail, a stand-in for Spark, gives Sundays -1 #}
{% macro spark__weekday(day) %}((dayofweek({{ day }}) + 5) % 7){% endmacro %}
