{# Strategy of py_raw_transactions: rows of files that are gone go, the others take the numbers of today, and those just read are added. #}
{% macro get_incremental_by_file_sql(arg_dict) %}
    {%- set target_relation = arg_dict["target_relation"] -%}
    {%- set columns = get_quoted_csv(
        arg_dict["dest_columns"] | map(attribute="name") | list
    ) -%}
    delete from {{ target_relation }}
    where
        file_key is null
        or file_key not in (select file_key from {{ ref("py_input_files") }});
    update {{ target_relation }} as loaded
    set source_file_number = files.source_file_number
    from {{ ref("py_input_files") }} as files
    where
        loaded.file_key = files.file_key
        and loaded.source_file_number <> files.source_file_number;
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict["temp_relation"] }};
    drop table {{ arg_dict["temp_relation"] }}
{% endmacro %}

{# Strategy of py_input_files: the whole content is replaced. Incremental only so that a full refresh looks at no earlier registry. #}
{% macro get_incremental_replaced_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(
        arg_dict["dest_columns"] | map(attribute="name") | list
    ) -%}
    delete from {{ arg_dict["target_relation"] }};
    insert into {{ arg_dict["target_relation"] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict["temp_relation"] }};
    drop table {{ arg_dict["temp_relation"] }}
{% endmacro %}
