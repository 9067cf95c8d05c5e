{#
  The rows that new files can touch, as {preparation, condition}: statements that make temporary tables, and the
  condition on this table by meta.refresh.rows:
  - files: rows of the files from the first new one on. Their orders' rows in earlier files are read besides.
  - lines: rows of new files, and of earlier ones those of a customer and product that new files have lines of and that
    has a return: only there can a match change.
  - orders: the orders that such lines are on.
#}
{% macro refresh_rows(plan) %}
    {%- set refresh = model.config.meta.refresh -%}
    {%- set first_line = plan.first_file * 10000000000 -%}
    {%- set classified = graph.nodes[
        "model.regulars.int_transactions_classified"
    ].relation_name -%}
    {%- if refresh.rows == "files" -%}
        {%- set staged = graph.nodes[
            "model.regulars.stg_transactions"
        ].relation_name -%}
        {{
            return(
                {
                    "preparation": "create or replace temporary table earlier_lines as select line_id from "
                    ~ this
                    ~ " where line_id < "
                    ~ first_line
                    ~ " and order_id in (select order_id from "
                    ~ staged
                    ~ " where source_file_number >= "
                    ~ plan.first_file
                    ~ ");",
                    "condition": refresh.key ~ " >= " ~ first_line,
                }
            )
        }}
    {%- endif -%}
    {%- set preparation -%}
        create or replace temporary table earlier_lines as
        with
            matchable as (
                select line_id, order_id, customer_id, stock_code, disposition, source_file_number
                from {{ classified }}
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
        where source_file_number < {{ plan.first_file }};
    {%- endset -%}
    {%- if refresh.rows == "orders" -%}
        {{
            return(
                {
                    "preparation": preparation
                    ~ " create or replace temporary table touched_orders as select order_id from earlier_lines union select order_id from "
                    ~ classified
                    ~ " where source_file_number >= "
                    ~ plan.first_file
                    ~ ";",
                    "condition": refresh.key
                    ~ " in (select order_id from touched_orders)",
                }
            )
        }}
    {%- endif -%}
    {{
        return(
            {
                "preparation": preparation,
                "condition": "("
                ~ refresh.key
                ~ " >= "
                ~ first_line
                ~ " or "
                ~ refresh.key
                ~ " in (select line_id from earlier_lines))",
            }
        )
    }}
{% endmacro %}

{# The model's SQL, reading of its inputs only the rows that `rows` speaks of. #}
{% macro restricted_sql(sql, plan, rows) %}
    {%- set found = namespace(sql=sql) -%}
    {%- for name, column in model.config.meta.refresh.inputs.items() -%}
        {%- set relation = graph.nodes["model.regulars." ~ name].relation_name -%}
        {%- if model.config.meta.refresh.rows == "orders" -%}
            {%- set part -%}
                (select * from {{ relation }} where {{ column }} in (select order_id from touched_orders))
            {%- endset -%}
        {%- else -%}
            {# whole files are passed over by the file number, where there is one #}
            {%- set names = (
                adapter.get_columns_in_relation(
                    api.Relation.create(
                        database=graph.nodes[
                            "model.regulars." ~ name
                        ].database,
                        schema=graph.nodes["model.regulars." ~ name].schema,
                        identifier=graph.nodes[
                            "model.regulars." ~ name
                        ].alias,
                    )
                )
                | map(attribute="name")
                | list
            ) -%}
            {%- set is_new -%}
                {%- if "source_file_number" in names -%}
                    source_file_number >= {{ plan.first_file }}
                {%- else -%} {{ column }} >= {{ plan.first_file * 10000000000 }}
                {%- endif -%}
            {%- endset -%}
            {%- set part -%}
                (
                    select * from {{ relation }} where {{ is_new }}
                    union all
                    select * from {{ relation }}
                    where not ({{ is_new }}) and {{ column }} in (select line_id from earlier_lines)
                )
            {%- endset -%}
        {%- endif -%}
        {%- set found.sql = found.sql | replace(relation, part) -%}
    {%- endfor -%}
    {{ return(found.sql) }}
{% endmacro %}
