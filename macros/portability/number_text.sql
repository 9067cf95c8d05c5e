{# A number as text, rounded to so many decimals, with commas between thousands. #}
{% macro number_text(value, decimals=0) %}
    {{- adapter.dispatch("number_text", "regulars")(value, decimals) -}}
{% endmacro %}

{% macro default__number_text(value, decimals) %}
    {{
        exceptions.raise_compiler_error(
            "number_text has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__number_text(value, decimals) -%}
    format('{:,.{{ decimals }}f}', cast({{ value }} as double))
{%- endmacro %}

{% macro spark__number_text(value, decimals) -%}
    format_number(cast({{ value }} as double), {{ decimals }})
{%- endmacro %}
