-- Grain: one row per model of this project. Where the rows of a table come from: its
-- file and, for models of the report, the SQL that made it.
{% set names = [] %}
{% for node in (graph.nodes.values() if execute else []) %}
    {% if node.resource_type == "model" and node.package_name == "regulars" %}
        {% do names.append(node.unique_id) %}
    {% endif %}
{% endfor %}

with
    report_sources as (
        {% for name in names | sort %}
            {% set node = graph.nodes[name] %}
            select
                '{{ node.name }}' as model,
                '{{ node.original_file_path }}' as file,
                {% if node.original_file_path.startswith("models/report/") %}
                    '{{ node.raw_code | replace("'", "''") }}'
                {% else %} cast(null as varchar)
                {% endif %} as definition
            {{ "union all" if not loop.last }}
        {% else %}
            select
                cast(null as varchar) as model,
                cast(null as varchar) as file,
                cast(null as varchar) as definition
            from (select 1 as one) as nothing
            where one = 0
        {% endfor %}
    )

select *
from report_sources
