{#
  The published system's score from 1 to 5 of a value among all customers of an as-of date, by quintiles in
  which customer_id breaks ties; higher values score higher, or lower ones with descending=true (recency).
#}
{% macro rfm_score(value, descending=false) %}
    {%- set quintile -%}
    greatest(1, ceil((row_number() over (partition by as_of_date order by {{ value }}, customer_id) - 1) * 5e0
    / nullif(count(*) over (partition by as_of_date) - 1, 0)))
    {%- endset -%}
    cast({{ "6 - " if descending }}{{ quintile }} as integer)
{%- endmacro %}
