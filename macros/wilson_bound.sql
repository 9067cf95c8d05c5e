{# Standard normal quantile of two-sided 95 % intervals. #}
{% macro normal_quantile_95() %} 1.959963984540054{% endmacro %}

{#
  End of the 95 % interval of a share by Wilson (1927): the shares that a test would not reject.
  share: 0 to 1; row_count: observations behind it, which need not be whole; side: "low" or "high".
#}
{% macro wilson_bound(share, row_count, side) -%}
    {%- set z = normal_quantile_95() | float -%}
    greatest(
        0e0,
        least(
            1e0,
            (
                {{ share }} + {{ z * z / 2 }} / {{ row_count }}
                {{ "-" if side == "low" else "+" }} {{ z }} * sqrt(
                    {{ share }} * (1 - {{ share }}) / {{ row_count }}
                    + {{ z * z / 4 }} / ({{ row_count }} * {{ row_count }})
                )
            )
            / (1 + {{ z * z }} / {{ row_count }})
        )
    )
{%- endmacro %}
