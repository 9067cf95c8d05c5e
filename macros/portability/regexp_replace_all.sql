{# A text with every match of a regular expression (the common subset of RE2 and Java) replaced. #}
{% macro regexp_replace_all(text, pattern, replacement) %}
    {{ adapter.dispatch("regexp_replace_all", "regulars")(text, pattern, replacement) }}
{% endmacro %}

{% macro default__regexp_replace_all(text, pattern, replacement) %}
    {{
        exceptions.raise_compiler_error(
            "regexp_replace_all has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__regexp_replace_all(text, pattern, replacement) %}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }}, 'g')
{% endmacro %}

{% macro spark__regexp_replace_all(text, pattern, replacement) %}
    regexp_replace({{ text }}, {{ pattern }}, {{ replacement }})
{% endmacro %}
