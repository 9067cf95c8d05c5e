{# A query without rows of a contract's columns, whose types are written as DuckDB has them. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set casts = [] -%}
    {%- for column in columns.values() -%}
        {%- set data_type = (
            "string" if column.data_type == "varchar" else column.data_type
        ) -%}
        {%- do casts.append(
            "cast(null as "
            ~ data_type
            ~ ") as "
            ~ adapter.quote(column.name)
        ) -%}
    {%- endfor -%}
    select {{ casts | join(", ") }}
    where false
{%- endmacro %}
