{#
  Quantile of Student's t for two-sided 95 % intervals: Cornish and Fisher's expansion in 1 / df (Abramowitz
  and Stegun 1964, 26.7.5), right to 1e-5 from 10 degrees of freedom on.
#}
{% macro student_quantile_95(df) -%}
    {%- set z = normal_quantile_95() | float -%}
    {%- set terms = [
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z)
        / 92160,
    ] -%}
    (
        {{ z }}
        {%- for term in terms %}
            + {{ term }} / power({{ df }}, {{ loop.index }})
        {%- endfor %}
    )
{%- endmacro %}
