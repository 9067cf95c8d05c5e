{# Whether sale lines count on an as-of date: sold before it, and not reversed before it. #}
{% macro stands_on_date(lines, as_of_date) -%}
    {{ lines }}.sold_date < {{ as_of_date }}
    and (
        {{ lines }}.reversed_date is null
        or {{ lines }}.reversed_date >= {{ as_of_date }}
    )
{%- endmacro %}
