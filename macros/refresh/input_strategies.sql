{#
  Strategy of py_raw_transactions: rows of files that are gone go, the others take the numbers of today, and those just
  read are added. A table of all files is looked through only where one of them is gone or has another number.
#}
{% macro get_incremental_by_file_sql(arg_dict) %}
    {%- set target_relation = arg_dict["target_relation"] -%}
    {%- set registry = ref("py_input_files") -%}
    {%- set columns = get_quoted_csv(
        arg_dict["dest_columns"] | map(attribute="name") | list
    ) -%}
    {%- set changes = run_query(
        "select count(*) filter (where files.file_key is null) as gone, count(*) filter (where files.source_file_number <> loaded.source_file_number) as renumbered"
        ~ " from (select distinct source_file_number, file_key from "
        ~ target_relation
        ~ ") as loaded left join "
        ~ registry
        ~ " as files on loaded.file_key = files.file_key"
    ).rows[0] -%}
    {%- set deletion -%}
        delete from {{ target_relation }}
        where
            file_key is null
            or file_key not in (select file_key from {{ registry }});
    {%- endset -%}
    {%- set renumbering -%}
        update {{ target_relation }} as loaded
        set source_file_number = files.source_file_number
        from {{ registry }} as files
        where
            loaded.file_key = files.file_key
            and loaded.source_file_number <> files.source_file_number;
    {%- endset -%}
    {{ deletion if changes[0] }}
    {{ renumbering if changes[1] }}
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }};
    drop table {{ arg_dict["temp_relation"] }}
{% endmacro %}

{#
  Strategy of py_input_files: the whole content is replaced. It is incremental only so that a full refresh goes by no
  earlier registry.
#}
{% macro get_incremental_replaced_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(
        arg_dict["dest_columns"] | map(attribute="name") | list
    ) -%}
    delete from {{ arg_dict["target_relation"] }};
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }};
    drop table {{ arg_dict["temp_relation"] }}
{% endmacro %}
