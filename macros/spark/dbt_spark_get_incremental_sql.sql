{#
  Takes the place of dbt-spark's. delete+insert: the rows whose key does not come anew and the new ones
  make a table that then takes the old one's name, since files of Parquet know no delete.
#}
{% macro dbt_spark_get_incremental_sql(
    strategy, source, target, existing, unique_key, incremental_predicates
) %}
    {%- if strategy == "append" -%} {{ get_insert_into_sql(source, target) }}
    {%- else -%}
        {%- set keys = [unique_key] if unique_key is string else unique_key -%}
        {%- set columns = (
            adapter.get_columns_in_relation(target)
            | map(attribute="quoted")
            | join(", ")
        ) -%}
        {%- set matches = [] -%}
        {%- for key in keys -%}
            {%- do matches.append("source_rows." ~ key ~ " = target_rows." ~ key) -%}
        {%- endfor -%}
        {%- set made = target.incorporate(
            path={"identifier": target.identifier ~ "__dbt_new"}
        ) -%}
        {%- do run_query("drop table if exists " ~ made) -%}
        {%- call statement("make_rows") %}
            create table {{ made }} {{ file_format_clause() }} {{ location_clause() }}
            as
            select {{ columns }}
            from {{ target }} as target_rows
            where
                not exists (
                    select 1
                    from {{ source }} as source_rows
                    where {{ matches | join(" and ") }}
                )
            union all
            select {{ columns }}
            from {{ source }}
        {% endcall -%}
        {%- do run_query("drop table " ~ target) -%}
        alter table {{ made }} rename to {{ target }}
    {%- endif -%}
{% endmacro %}
