{# A share (0-1) as text in percent: '12 %'. #}
{% macro share_text(share, decimals=0) -%}
    concat({{ number_text("100 * (" ~ share ~ ")", decimals) }}, ' %')
{%- endmacro %}
