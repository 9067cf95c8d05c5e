{#
  Whether a customer belongs to the control group of a wave: the md5 of wave, salt and id, read as a number
  between 0 and 1, lies below the share. Compared as hex text, so that every machine and adapter draws alike.
#}
{% macro is_drawn_into_control(wave, salt, customer_id, share) -%}
    {%- set number = share | float -%}
    {%- if not 0 <= number <= 1 -%}
        {{
            exceptions.raise_compiler_error(
                "var campaign_control_share is "
                ~ share
                ~ "; it must be a share from 0 to 1"
            )
        }}
    {%- endif -%}
    {# 'g' comes after every hex digit #}
    {%- set bound = "g" if number == 1 else "%08x" % (number * 16**8) | int -%}
    md5(concat({{ wave }}, '|', {{ salt }}, '|', {{ customer_id }})) < '{{ bound }}'
{%- endmacro %}
