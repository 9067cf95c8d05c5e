{#
  For the hybrid way (docs/spark.md): take what Spark built into the DuckDB warehouse. Marts become tables
  with their keys and comments, so that they can be published; the rest are views of the Parquet files.
#}
{% macro load_spark_tables(warehouse) %}
    {%- set found = (
        run_query(
            "select distinct parse_dirpath(file) as folder from glob("
            ~ regulars.text_literal(warehouse ~ "/tables/*.db/*/*.parquet")
            ~ ")"
        )
        .columns[0]
        .values()
    ) -%}
    {%- for node in graph.nodes.values() | sort(attribute="name")
        if node.resource_type == "model" and node.config.materialized != "view" -%}
        {%- set folder = warehouse ~ "/tables/" ~ node.schema ~ ".db/" ~ node.alias -%}
        {%- if folder in found -%}
            {%- set relation = api.Relation.create(
                database=node.database,
                schema=node.schema,
                identifier=node.alias,
            ) -%}
            {%- set is_mart = node.schema == target.schema -%}
            {%- set kind = "table" if is_mart else "view" -%}
            {%- do run_query(
                "create schema if not exists "
                ~ relation.without_identifier()
            ) -%}
            {%- set existing = load_relation(relation) -%}
            {%- if existing -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
            {%- do run_query(
                "create "
                ~ kind
                ~ " "
                ~ relation
                ~ " as select * from read_parquet("
                ~ regulars.text_literal(folder ~ "/*.parquet")
                ~ ")"
            ) -%}
            {%- if is_mart -%}
                {%- for constraint in node.constraints
                    if constraint.type == "primary_key" -%}
                    {%- do run_query(
                        "alter table "
                        ~ relation
                        ~ " add primary key ("
                        ~ constraint.columns
                        | join(", ") ~ ")"
                    ) -%}
                {%- endfor -%}
                {%- do run_query(
                    "comment on table "
                    ~ relation
                    ~ " is "
                    ~ regulars.text_literal(node.description)
                ) -%}
                {%- for column in node.columns.values() -%}
                    {%- do run_query(
                        "comment on column "
                        ~ relation
                        ~ "."
                        ~ column.name
                        ~ " is "
                        ~ regulars.text_literal(column.description)
                    ) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {# dbt rolls back what an operation leaves open #}
    {%- do run_query("commit") -%}
{% endmacro %}
