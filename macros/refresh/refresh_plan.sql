{#
  How a refreshed table is brought up to date: {definition, files, is_full, first_file, files_before}. `files` lists the loaded files
  that its inputs agree on, NULL where they do not or are no files; `first_file` is the number of the first file that
  differs from those that the table has taken in, NULL if none does. The rows of a file depend on it and the files before it only.
#}
{% macro refresh_plan(sql, existing_relation) %}
    {%- set inputs = regulars.refresh_inputs(model) -%}
    {%- set contract = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do contract.append(
            [
                column.name,
                column.data_type | string,
                column.constraints | string,
            ]
        ) -%}
    {%- endfor -%}
    {%- set definition = local_md5(
        tojson(
            [
                sql,
                contract,
                model.constraints | string,
                inputs.definitions | sort,
            ]
        )
    ) -%}
    {%- set agreed = inputs.files | unique | list -%}
    {%- set files = agreed[0] if agreed | length == 1 else none -%}
    {%- set plan = {
        "definition": definition,
        "files": files,
        "is_full": true,
        "first_file": none,
        "files_before": none,
    } -%}
    {%- set before = regulars.remembered_refresh(model.name) -%}
    {%- if (
        existing_relation is not none
        and existing_relation.is_table
        and not should_full_refresh()
        and files is not none
        and before is not none
        and before.definition == definition
    ) -%}
        {%- set old, new = before.files.split(","), files.split(",") -%}
        {%- set numbers = [] -%}
        {%- for file in old + new if (file in old) != (file in new) -%}
            {%- do numbers.append(file.split(":")[0] | int) -%}
        {%- endfor -%}
        {%- set last_number = old[-1].split(":")[0] | int -%}
        {%- if not numbers or numbers | min > last_number or model.config.meta.refresh.rows == "files" -%}
            {%- do plan.update(
                {
                    "is_full": false,
                    "first_file": numbers | min if numbers else none,
                    "files_before": before.files,
                }
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(plan) }}
{% endmacro %}

{# What a node is made from: {definitions, files}, by way of views back to tables whose loaded files are known. #}
{% macro refresh_inputs(node) %}
    {%- set found = {"definitions": [], "files": []} -%}
    {%- for parent_id in node.depends_on.nodes -%}
        {%- set parent = graph.nodes[parent_id] -%}
        {%- set kind = parent.config.materialized -%}
        {%- if parent.resource_type == "seed" -%}
            {%- set content = run_query(
                "select md5(coalesce(string_agg(line, chr(10) order by line), '')) from (select seed::varchar as line from "
                ~ parent.relation_name
                ~ " as seed)"
            ) -%}
            {%- do found.definitions.append(parent.name ~ content.rows[0][0]) -%}
        {%- elif kind == "view" -%}
            {%- set definition = regulars.view_definition(
                regulars.relation_of(parent.name)
            ) -%}
            {%- set above = regulars.refresh_inputs(parent) -%}
            {%- do found.definitions.append(parent.name ~ definition) -%}
            {%- do found.definitions.extend(above.definitions) -%}
            {%- do found.files.extend(above.files) -%}
        {%- elif kind == "refreshed" -%}
            {%- set state = regulars.remembered_refresh(parent.name) or {} -%}
            {%- do found.definitions.append(parent.name ~ state.definition) -%}
            {%- do found.files.append(state.files or none) -%}
        {%- elif parent.name == "py_raw_transactions" -%}
            {%- do found.files.append(regulars.loaded_files(parent.relation_name)) -%}
        {%- else -%}
            {%- do exceptions.raise_compiler_error(
                "a refreshed model can't read "
                ~ parent.name
                ~ ": nothing says which files it has taken in"
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{# The files that a table of raw rows holds, as "number:key,…" in the order of their numbers; NULL if it holds other rows. #}
{% macro loaded_files(relation) %}
    {%- set files = run_query(
        "select case when count(*) = count(file_key) then string_agg(source_file_number || ':' || file_key, ',' order by source_file_number) end"
        ~ " from (select distinct source_file_number, file_key from "
        ~ relation
        ~ ")"
    ) -%}
    {{ return(files.rows[0][0]) }}
{% endmacro %}
