{# A query for the models of this project: name, file and, for those of the report, the SQL as written. #}
{% macro model_sources() -%}
    {%- set models = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) -%}
        {%- if node.resource_type == "model" and node.package_name == "regulars" -%}
            {%- do models.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    select
        cast(null as string) as model,
        cast(null as string) as file,
        cast(null as string) as definition
    from (select 1 as one) as nothing
    where one = 0
    {%- for node in models | sort(attribute="name") %}
        union all
        select
            '{{ node.name }}',
            '{{ node.original_file_path }}',
            {{
                (
                    regulars.text_literal(node.raw_code)
                    if node.original_file_path.startswith("models/report/")
                    else "null"
                )
            }}
    {%- endfor %}
{%- endmacro %}
