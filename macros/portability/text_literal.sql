{# A text as SQL: in quotes, with quotes inside escaped. #}
{% macro text_literal(text) %}
    {{- adapter.dispatch("text_literal", "regulars")(text | string) -}}
{% endmacro %}

{% macro default__text_literal(text) %}
    {{
        exceptions.raise_compiler_error(
            "text_literal has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__text_literal(text) -%}
    {%- set escaped = text.replace("'", "''") -%} '{{ escaped }}'
{%- endmacro %}

{% macro spark__text_literal(text) -%}
    {%- set escaped = text.replace("\\", "\\\\").replace("'", "\\'") -%} '{{ escaped }}'
{%- endmacro %}
