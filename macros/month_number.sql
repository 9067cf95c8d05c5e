{# Months since year 0, so that two months' difference is a subtraction. #}
{% macro month_number(day) %}
    cast(extract(year from {{ day }}) * 12 + extract(month from {{ day }}) as integer)
{% endmacro %}
