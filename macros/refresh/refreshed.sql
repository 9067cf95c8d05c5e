{#
  A table that takes in a new month without being made anew. The model's SQL stays the whole definition: a refresh runs
  the same SQL, reading of its inputs only the rows that new files can touch, and replaces those rows of the table.
  meta.refresh says which: `rows` (see refresh_rows), `key`, the column of this table that they are told by, and `inputs`,
  the column of each parent that they are told by. Whatever else changed, the table is made anew: see refresh_plan.
#}
{% materialization refreshed, default %}
    {% set of_adapter = "materialization_table_" ~ adapter.type() %}
    {{
        return(
            (context.get(of_adapter) or context["materialization_table_default"])()
        )
    }}
{% endmaterialization %}

{% materialization refreshed, adapter = "duckdb" %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set plan = regulars.refresh_plan(compiled_code, existing_relation) -%}
    {% if plan.is_full %}
        {# a run that ends in between leaves no state, and the next one starts over #}
        {% do run_query(regulars.forget_refresh(model.name)) %}
        {% do materialization_table_duckdb() %}
        {% if plan.files is not none %}
            {% do run_query(regulars.remember_refresh(model.name, plan)) %}
        {% endif %}
    {% elif plan.first_file is none %}
        {% call noop_statement("main", "UNCHANGED") %}
        {% endcall %}
        {% do persist_docs(this.incorporate(type="table"), model) %}
    {% else %}
        {% set columns = get_quoted_csv(
            adapter.get_columns_in_relation(existing_relation)
            | map(attribute="name")
            | list
        ) %}
        {% set rows = regulars.refresh_rows(plan) %}
        {% call statement("main") %}
            {{ rows.preparation }}
            delete from {{ this }}
            where {{ rows.condition }}
            ;
            insert into {{ this }} ({{ columns }})
            select {{ columns }}
            from ({{ regulars.restricted_sql(compiled_code, plan, rows) }}) as model_rows
            where {{ rows.condition }}
            ;
            {{ regulars.forget_refresh(model.name) }}
            ;
            {{ regulars.remember_refresh(model.name, plan) }}
            ;
        {% endcall %}
        {% do persist_docs(this.incorporate(type="table"), model) %}
        {% do adapter.commit() %}
    {% endif %}
    {{ return({"relations": [this.incorporate(type="table")]}) }}
{% endmaterialization %}
