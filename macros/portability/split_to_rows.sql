{# A set-returning expression: the pieces of a text between separators, one row each. #}
{% macro split_to_rows(text, separator) %}
    {{ adapter.dispatch("split_to_rows", "regulars")(text, separator) }}
{% endmacro %}

{% macro default__split_to_rows(text, separator) %}
    {{
        exceptions.raise_compiler_error(
            "split_to_rows has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__split_to_rows(text, separator) %}
    unnest(string_split({{ text }}, {{ separator }}))
{% endmacro %}

{% macro spark__split_to_rows(text, separator) %}
    explode(split({{ text }}, {{ separator }}))
{% endmacro %}
