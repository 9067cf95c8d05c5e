{# An expression that stops the query with a message, where it is evaluated. #}
{% macro raise_error(message) %}
    {{- adapter.dispatch("raise_error", "regulars")(message) -}}
{% endmacro %}

{% macro default__raise_error(message) %}
    {{
        exceptions.raise_compiler_error(
            "raise_error has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__raise_error(message) -%} error({{ message }}) {%- endmacro %}

{% macro spark__raise_error(message) -%} raise_error({{ message }}) {%- endmacro %}
