{# A number as text, rounded to a whole one, with commas between thousands. #}
{% macro thousands(number) %}
    {{ adapter.dispatch("thousands", "regulars")(number) }}
{% endmacro %}

{% macro default__thousands(number) %}
    {{
        exceptions.raise_compiler_error(
            "thousands has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__thousands(number) %}
    format('{:,}', cast(round({{ number }}, 0) as bigint))
{% endmacro %}

{% macro spark__thousands(number) %}
    format_number(round({{ number }}, 0), 0)
{% endmacro %}
