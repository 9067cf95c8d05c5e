{# A text without outer blanks. Most texts have none, and looking for them costs a tenth of trim(). #}
{% macro trimmed(text) -%}
    case
        when {{ text }} like ' %' or {{ text }} like '% '
        then trim({{ text }})
        else {{ text }}
    end
{%- endmacro %}
