{# The value of a var as a SQL literal that holds JSON. #}
{% macro var_as_json(name) -%}
    {{ dbt.string_literal(tojson(var(name)) | replace("'", "''")) }}
{%- endmacro %}
