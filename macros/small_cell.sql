{# Whether a group of customers is too small to be shown, 1 to var small_cell_customers less 1. #}
{% macro is_small_cell(customer_count) -%}
    (
        {{ customer_count }} > 0
        and {{ customer_count }} < {{ var("small_cell_customers") }}
    )
{%- endmacro %}

{# A figure of a group of customers, or NULL where the group is too small to be shown. #}
{% macro unless_small_cell(figure, customer_count) -%}
    case when not {{ is_small_cell(customer_count) }} then {{ figure }} end
{%- endmacro %}
