{#
  The rows that new files can touch: {preparation, lines, condition}. `preparation` are statements that make temporary
  tables; `lines` is the relation with the rows of earlier files that are read besides those of new ones; `condition` says
  which rows of this table are replaced. By meta.refresh.rows:
  - files: rows of the files from the first new one on; their orders' rows in earlier files are read besides.
  - lines: rows of new files, and those earlier lines whose match can change: see matchable_lines.
  - orders: the orders that such lines are on.
#}
{% macro refresh_rows(plan) %}
    {%- set rows = model.config.meta.refresh.rows -%}
    {%- set key = model.config.meta.refresh.key -%}
    {%- set first_line = plan.first_file * 10000000000 -%}
    {%- if rows == "files" -%}
        {%- set preparation -%}
            create or replace temporary table earlier_lines as
            select line_id
            from {{ this }}
            where
                line_id < {{ first_line }}
                and order_id in (
                    select order_id
                    from {{ regulars.relation_of("stg_transactions") }}
                    where source_file_number >= {{ plan.first_file }}
                );
        {%- endset -%}
        {{
            return(
                {
                    "preparation": preparation,
                    "lines": "earlier_lines",
                    "condition": key ~ " >= " ~ first_line,
                }
            )
        }}
    {%- endif -%}
    {%- set matchable = regulars.matchable_lines(plan) -%}
    {%- set preparation -%}
        {{ matchable.preparation }}
        {%- if rows == "orders" %}
            create or replace temporary table touched_orders as
            select order_id from {{ matchable.lines }}
            union
            select order_id
            from {{ regulars.relation_of("int_transactions_classified") }}
            where source_file_number >= {{ plan.first_file }};
        {%- endif -%}
    {%- endset -%}
    {%- set condition -%}
        {%- if rows == "orders" %} {{ key }} in (select order_id from touched_orders)
        {%- else %}
            ({{ key }} >= {{ first_line }} or {{ key }} in (select line_id from {{ matchable.lines }}))
        {%- endif -%}
    {%- endset -%}
    {{
        return(
            {
                "preparation": preparation,
                "lines": matchable.lines,
                "condition": condition,
            }
        )
    }}
{% endmacro %}

{#
  Lines of earlier files whose match can change, as {preparation, lines}: those of a customer and product that new files
  have lines of and that has a return. The table that int_returns_matched made for the same new files serves the models after it.
#}
{% macro matchable_lines(plan) %}
    {%- set kept_name = "matchable_lines" -%}
    {%- set kept_relation = target.schema ~ "_intermediate." ~ kept_name -%}
    {%- set span = {
        "definition": (
            regulars.remembered_refresh("int_transactions_classified") or {}
        ).definition,
        "files": plan.files_before ~ " to " ~ plan.files,
    } -%}
    {%- if regulars.remembered_refresh(kept_name) == span -%}
        {{ return({"preparation": "", "lines": kept_relation}) }}
    {%- endif -%}
    {%- set query -%}
        with
            matchable as (
                select line_id, order_id, customer_id, stock_code, disposition, source_file_number
                from {{ regulars.relation_of("int_transactions_classified") }}
                where disposition in ('sale', 'return')
            ),
            touched as (
                select distinct customer_id, stock_code
                from matchable
                where source_file_number >= {{ plan.first_file }}
            ),
            returned as (
                select distinct customer_id, stock_code
                from matchable
                semi join touched using (customer_id, stock_code)
                where disposition = 'return'
            )
        select line_id, order_id
        from matchable
        semi join returned using (customer_id, stock_code)
        where source_file_number < {{ plan.first_file }}
    {%- endset -%}
    {%- if model.name != "int_returns_matched" -%}
        {{
            return(
                {
                    "preparation": "create or replace temporary table earlier_lines as "
                    ~ query
                    ~ ";",
                    "lines": "earlier_lines",
                }
            )
        }}
    {%- endif -%}
    {%- set preparation -%}
        create or replace table {{ kept_relation }} as {{ query }};
        comment on table {{ kept_relation }} is 'Grain: line_id. Lines of earlier files that the latest new files could change the match of, and their order_id.';
        {{ regulars.forget_refresh(kept_name) }};
        {{ regulars.remember_refresh(kept_name, span) }};
    {%- endset -%}
    {{ return({"preparation": preparation, "lines": kept_relation}) }}
{% endmacro %}

{# The model's SQL, reading of its inputs only the rows that `rows` speaks of. #}
{% macro restricted_sql(sql, plan, rows) %}
    {%- set found = namespace(sql=sql) -%}
    {%- for name, column in model.config.meta.refresh.inputs.items() -%}
        {%- set found.sql = found.sql | replace(
            regulars.relation_of(name) | string,
            regulars.restricted_rows(name, column, plan, rows),
        ) -%}
    {%- endfor -%}
    {{ return(found.sql) }}
{% endmacro %}

{#
  Those rows of an input, as a query in brackets. Of a view whose meta.refresh.row_of names the table that each of its rows
  is one row of, that table is restricted: above the view's joins and expressions, each row would be made to be dropped.
#}
{% macro restricted_rows(name, column, plan, rows) %}
    {%- set relation = regulars.relation_of(name) -%}
    {%- if model.config.meta.refresh.rows == "orders" -%}
        {{
            return(
                "(select * from "
                ~ relation
                ~ " where "
                ~ column
                ~ " in (select order_id from touched_orders))"
            )
        }}
    {%- endif -%}
    {%- set row_of = (
        graph.nodes["model.regulars." ~ name].config.meta.refresh or {}
    ).row_of -%}
    {%- if row_of -%}
        {%- set definition = regulars.view_definition(relation) -%}
        {%- set table = regulars.relation_of(row_of.table) -%}
        {%- set parts = [] -%}
        {%- for part in [table.database, table.schema, table.identifier] -%}
            {%- do parts.append('"?' ~ modules.re.escape(part) ~ '"?') -%}
        {%- endfor -%}
        {%- set pieces = modules.re.split(parts | join("\\."), definition) -%}
        {%- if pieces | length == 2 -%}
            {{
                return(
                    "(" ~ pieces
                    | join(
                        regulars.restricted_rows(row_of.table, row_of.key, plan, rows)
                    )
                    ~ ")"
                )
            }}
        {%- endif -%}
    {%- endif -%}
    {# by the file number, where there is one, whole files are passed over #}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(
        attribute="name"
    ) -%}
    {%- set is_new -%}
        {%- if "source_file_number" in columns -%}
            source_file_number >= {{ plan.first_file }}
        {%- else -%} {{ column }} >= {{ plan.first_file * 10000000000 }}
        {%- endif -%}
    {%- endset -%}
    {%- set part -%}
        (
            select * from {{ relation }} where {{ is_new }}
            union all
            select * from {{ relation }}
            where not ({{ is_new }}) and {{ column }} in (select line_id from {{ rows.lines }})
        )
    {%- endset -%}
    {{ return(part) }}
{% endmacro %}

{# The query of a view, as DuckDB keeps it. #}
{% macro view_definition(relation) %}
    {%- set found = run_query(
        "select sql from duckdb_views() where database_name = '"
        ~ relation.database
        ~ "' and schema_name = '"
        ~ relation.schema
        ~ "' and view_name = '"
        ~ relation.identifier
        ~ "'"
    ) -%}
    {{
        return(
            found.rows[0][0].split(" AS ", 1)[1].rstrip(";") if found.rows else ""
        )
    }}
{% endmacro %}

{# A model's table or view. Not ref(): the materialization's own reading makes no lineage. #}
{% macro relation_of(model_name) %}
    {%- set node = graph.nodes["model.regulars." ~ model_name] -%}
    {{
        return(
            api.Relation.create(
                database=node.database, schema=node.schema, identifier=node.alias
            )
        )
    }}
{% endmacro %}
