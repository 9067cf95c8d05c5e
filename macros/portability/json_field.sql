{# The text of a field of a JSON object; NULL where it is null or absent. #}
{% macro json_field(document, field) %}
    {{ adapter.dispatch("json_field", "regulars")(document, field) }}
{% endmacro %}

{% macro default__json_field(document, field) %}
    {{
        exceptions.raise_compiler_error(
            "json_field has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__json_field(document, field) %}
    json_extract_string({{ document }}, '$.{{ field }}')
{% endmacro %}

{% macro spark__json_field(document, field) %}
    get_json_object({{ document }}, '$.{{ field }}')
{% endmacro %}
