{#
  End of the 95 % interval of the difference of two independent shares: Newcombe (1998), method 10, from
  the Wilson intervals of both. Columns <share>_low and <share>_high must be there for each.
#}
{% macro share_difference_bound(share, other_share, side) -%}
    {%- set end, other_end = ("low", "high") if side == "low" else ("high", "low") -%}
    {{ share }} - {{ other_share }} {{ "-" if side == "low" else "+" }} sqrt(
        ({{ share }} - {{ share }}_{{ end }}) * ({{ share }} - {{ share }}_{{ end }})
        + ({{ other_share }} - {{ other_share }}_{{ other_end }})
        * ({{ other_share }} - {{ other_share }}_{{ other_end }})
    )
{%- endmacro %}
