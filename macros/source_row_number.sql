{# Number of a raw row within its file, from its key; see line_id. #}
{% macro source_row_number(line_id) -%}
    cast({{ line_id }} % 10000000000 as bigint)
{%- endmacro %}
