{# The table that says what each refreshed table was made by and from. Made at the start of each run. #}
{% macro refresh_state() %}
    {{ return(target.schema ~ "_intermediate.refreshed_models") }}
{% endmacro %}

{% macro create_refresh_state() %}
    {{ return(adapter.dispatch("create_refresh_state", "regulars")()) }}
{% endmacro %}

{% macro default__create_refresh_state() %}
{# elsewhere every table is made anew #}
{% endmacro %}

{% macro duckdb__create_refresh_state() %}
    {%- set state = regulars.refresh_state() -%}
    create schema if not exists {{ target.schema }}_intermediate;
    create table if not exists {{ state }} (
        model_name varchar primary key, definition varchar, files varchar
    );
    comment on table {{ state }} is 'Grain: one row per refreshed model. What its table was made by and from; a row is written with the table.';
    comment on column {{ state }}.model_name is 'Name of the model.';
    comment on column {{ state }}.definition is 'Hash of its SQL, of that of the views it reads, and of the seeds.';
    comment on column {{ state }}.files is 'Files that it has taken in, as number:file_key of py_input_files, in order.'
{% endmacro %}

{#
  Drop what incremental Python models returned: dbt keeps it in a table of the schema of the marts, which would be published.
  Called at the end of each run, and at the start for what a run that was killed left behind.
#}
{% macro drop_left_behind() %}
    {{ return(adapter.dispatch("drop_left_behind", "regulars")()) }}
{% endmacro %}

{% macro default__drop_left_behind() %}
{# no Python model is incremental elsewhere #}
{% endmacro %}

{% macro duckdb__drop_left_behind() %}
    {%- for name in (regulars.left_behind() if execute else []) %}
        drop table {{ name }};
    {%- endfor %}
{% endmacro %}

{# The names of these tables. #}
{% macro left_behind() %}
    {%- set found = run_query(
        "select table_name from duckdb_tables() where database_name = current_database() and not temporary and schema_name = '"
        ~ target.schema
        ~ "' and regexp_matches(table_name, '^py_.*__dbt_tmp[0-9]+$')"
    ) -%}
    {%- set names = [] -%}
    {%- for row in found.rows -%}
        {%- do names.append(target.schema ~ '."' ~ row[0] ~ '"') -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{# What a model's table was made by and from: {definition, files}; NULL if that is not known. #}
{% macro remembered_refresh(model_name) %}
    {%- set found = run_query(
        "select definition, files from "
        ~ regulars.refresh_state()
        ~ " where model_name = '"
        ~ model_name
        ~ "'"
    ) -%}
    {%- if found.rows -%}
        {{ return({"definition": found.rows[0][0], "files": found.rows[0][1]}) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{% macro forget_refresh(model_name) %}
    delete from {{ regulars.refresh_state() }} where model_name = '{{ model_name }}'
{% endmacro %}

{% macro remember_refresh(model_name, plan) %}
    insert into {{ regulars.refresh_state() }}
    values ('{{ model_name }}', '{{ plan.definition }}', '{{ plan.files }}')
{% endmacro %}
