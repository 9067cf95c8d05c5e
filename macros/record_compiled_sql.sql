{#
  Keep the SQL of every model that was built, with what it needs, so that an upload runs the very same
  (see src/regulars/classify). Called at the end of each run: a model's row is replaced when the model is.
#}
{% macro record_compiled_sql(results) %}
    {{ adapter.dispatch("record_compiled_sql", "regulars")(results) }}
{% endmacro %}

{% macro default__record_compiled_sql(results) %}
{# the upload engine is DuckDB: nothing reads it elsewhere #}
{% endmacro %}

{% macro duckdb__record_compiled_sql(results) %}
    {%- set built = [] -%}
    {%- for result in results
        if result.status == "success"
        and result.node.resource_type in ["model", "seed"]
        and result.node.package_name == "regulars"
        and not invocation_args_dict.get("empty") -%}
        {%- do built.append(result.node) -%}
    {%- endfor -%}
    {%- if built -%}
        {%- set target_schema = target.schema ~ "_replay" -%}
        {%- set target_table = target_schema ~ ".compiled_models" -%}
        {%- do run_query("create schema if not exists " ~ target_schema) -%}
        {%- set columns = {
            "model_name": "Name of the model or seed.",
            "schema_name": "Schema that it was built in.",
            "table_name": "Table or view that it was built as.",
            "materialized": "table, view, refreshed, incremental or seed.",
            "parents": "JSON list of the models and seeds that it reads.",
            "compiled_sql": "What dbt compiled, without the name of the database; NULL for seeds and Python models.",
        } -%}
        {%- do run_query(
            "create table if not exists " ~ target_table ~ " (" ~ columns
            | join(" varchar, ") ~ " varchar)"
        ) -%}
        {%- do run_query(
            "comment on table "
            ~ target_table
            ~ " is 'Grain: one row per model. The SQL that made this database, which uploads are classified by.'"
        ) -%}
        {%- for column, description in columns.items() -%}
            {%- do run_query(
                "comment on column "
                ~ target_table
                ~ "."
                ~ column
                ~ " is '"
                ~ description
                ~ "'"
            ) -%}
        {%- endfor -%}
        {%- set names = [] -%}
        {%- set rows = [] -%}
        {%- for node in built | sort(attribute="name") -%}
            {%- set parents = [] -%}
            {%- for parent in node.depends_on.nodes or [] -%}
                {%- do parents.append(parent.split(".")[2]) -%}
            {%- endfor -%}
            {# the database is named after its file, which an upload does not know #}
            {%- set sql = (node.compiled_code or "") | replace(
                '"' ~ node.database ~ '".', ""
            ) -%}
            {%- set is_sql = (
                node.language == "sql" and node.resource_type == "model"
            ) -%}
            {%- do names.append("'" ~ node.name ~ "'") -%}
            {%- do rows.append(
                "('"
                ~ node.name
                ~ "', '"
                ~ node.schema
                ~ "', '"
                ~ node.alias
                ~ "', '"
                ~ node.config.materialized
                ~ "', '"
                ~ (parents | sort | tojson)
                ~ "', "
                ~ (
                    "'" ~ (sql | trim | replace("'", "''")) ~ "'"
                    if is_sql
                    else "null"
                )
                ~ ")"
            ) -%}
        {%- endfor -%}
        {%- do run_query(
            "begin; delete from "
            ~ target_table
            ~ " where model_name in ("
            ~ names
            | join(", ")
            ~ "); "
            ~ "insert into "
            ~ target_table
            ~ " values "
            ~ rows
            | join(", ") ~ "; commit"
        ) -%}
    {%- endif -%}
{% endmacro %}
