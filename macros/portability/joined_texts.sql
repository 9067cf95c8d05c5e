{# An aggregate: the texts of a group in alphabetical order, with a separator between them. #}
{% macro joined_texts(text, separator) %}
    {{- adapter.dispatch("joined_texts", "regulars")(text, separator) -}}
{% endmacro %}

{% macro default__joined_texts(text, separator) %}
    {{
        exceptions.raise_compiler_error(
            "joined_texts has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__joined_texts(text, separator) -%}
    string_agg({{ text }}, {{ separator }} order by {{ text }})
{%- endmacro %}

{% macro spark__joined_texts(text, separator) -%}
    array_join(array_sort(collect_list({{ text }})), {{ separator }})
{%- endmacro %}
