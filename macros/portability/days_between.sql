{# Whole days from one date to another; negative when the second is earlier. #}
{% macro days_between(start_date, end_date) %}
    {{ adapter.dispatch("days_between", "regulars")(start_date, end_date) }}
{% endmacro %}

{% macro default__days_between(start_date, end_date) %}
    {{
        exceptions.raise_compiler_error(
            "days_between has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__days_between(start_date, end_date) %}
    date_diff('day', {{ start_date }}, {{ end_date }})
{% endmacro %}

{% macro spark__days_between(start_date, end_date) %}
    datediff({{ end_date }}, {{ start_date }})
{% endmacro %}
