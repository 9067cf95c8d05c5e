{# An expression per cluster of a recipe: the cluster's value in rows of a recipe, NULL where it has fewer. #}
{% macro by_cluster(value) -%}
    {%- for i in range([var("cluster_count_limit") | int, 1] | max) %}
        max(case when cluster_id = {{ i }} then {{ value }} end) as {{ value }}_{{ i }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
