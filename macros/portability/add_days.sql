{# A date moved by a number of days. #}
{% macro add_days(start_date, day_count) %}
    {{ adapter.dispatch("add_days", "regulars")(start_date, day_count) }}
{% endmacro %}

{% macro default__add_days(start_date, day_count) %}
    {{
        exceptions.raise_compiler_error(
            "add_days has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__add_days(start_date, day_count) %}
    ({{ start_date }} + cast({{ day_count }} as integer))
{% endmacro %}

{% macro spark__add_days(start_date, day_count) %}
    date_add({{ start_date }}, {{ day_count }})
{% endmacro %}
