{# Money as text, in whole units of var currency: 'GBP 1,234'. #}
{% macro amount_text(amount, decimals=0) -%}
    concat('{{ var("currency") }} ', {{ number_text(amount, decimals) }})
{%- endmacro %}
