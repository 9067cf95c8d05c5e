{#
  dbt's way to make a table. SQL goes the way of dbt-spark; what a Python model returns is written by
  the session that src/regulars/spark.py gives it.
#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language="sql") -%}
    {%- if language == "python" -%}
        {%- set written = "spark.write_table(model(dbtObj(spark.table), spark), '" ~ relation ~ "')" -%}
        {{ "\n" ~ compiled_code ~ "\n" ~ written }}
    {%- else -%}
        {{-
            dbt_spark.spark__create_table_as(
                temporary, relation, compiled_code, language
            )
        -}}
    {%- endif -%}
{%- endmacro %}
