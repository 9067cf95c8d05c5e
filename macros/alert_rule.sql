{# A CTE body: the row of seed alert_rules that an alert goes by; none if it is switched off. #}
{% macro alert_rule(alert) -%}
    select * from {{ ref("alert_rules") }} where alert = '{{ alert }}' and is_enabled
{%- endmacro %}
