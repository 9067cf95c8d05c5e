{#
  Chance that a standard normal number lies further from 0 than z: Abramowitz and Stegun (1964), 26.2.17,
  right to 2e-7.
#}
{% macro two_sided_p_value(z) -%}
    {%- set step = "(1e0 / (1 + 0.2316419 * abs(" ~ z ~ ")))" -%}
    least(
        1e0,
        2
        * {{ 0.3989422804014327 }}
        * exp(- {{ z }} * {{ z }} / 2)
        * {{ step }}
        * (
            0.319381530
            + {{ step }}
            * (
                -0.356563782
                + {{ step }}
                * (1.781477937 + {{ step }} * (-1.821255978 + {{ step }} * 1.330274429))
            )
        )
    )
{%- endmacro %}

{#
  The standard normal number that is as far out as a t with df degrees of freedom: Wallace (1959), right to
  .002 from 10 degrees on.
#}
{% macro student_as_normal(t, df) -%}
    ((8 * {{ df }} + 1) / (8 * {{ df }} + 3))
    * sqrt({{ df }} * ln(1 + {{ t }} * {{ t }} / {{ df }}))
{%- endmacro %}
