{# Key of a raw row: ten digits for the row within its file, the file's number before them. #}
{% macro line_id() -%}
    cast(source_file_number as bigint) * 10000000000 + source_row_number
{%- endmacro %}
