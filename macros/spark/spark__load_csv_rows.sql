{#
  The rows of a seed, as literals: the parameters that dbt-spark puts into a statement of its session
  break at apostrophes and lose backslashes.
#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set column_types = model.config.column_types or {} -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(1000) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set values = [] -%}
            {%- for column in agate_table.column_names -%}
                {%- set data_type = column_types.get(
                    column, adapter.convert_type(agate_table, loop.index0)
                ) -%}
                {%- set value = row[loop.index0] -%}
                {%- set literal = (
                    "null"
                    if value is none
                    else regulars.text_literal(value)
                ) -%}
                {%- do values.append("cast(" ~ literal ~ " as " ~ data_type ~ ")") -%}
            {%- endfor -%}
            {%- do rows.append("(" ~ values | join(", ") ~ ")") -%}
        {%- endfor -%}
        {%- set statement = (
            "insert into " ~ this.render() ~ " values " ~ rows | join(", ")
        ) -%}
        {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
        {%- do statements.append(statement) -%}
    {%- endfor -%}
    {{ return(statements | first) }}
{%- endmacro %}
