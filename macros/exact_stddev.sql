{#
  Standard deviation of whole numbers over the rows of a group, from exact sums: the same to the last
  digit whatever the order of rows. NULL where there is none: no row, or one row of a sample.
  is_sample: divide by n - 1 rather than n.
#}
{% macro exact_stddev(value, is_sample) -%}
    {%- set integer = exact_integer(value) -%}
    {%- set row_count = exact_integer("count(" ~ value ~ ")") -%}
    sqrt(
        cast(
            {{ row_count }} * sum({{ integer }} * {{ integer }})
            - sum({{ integer }}) * sum({{ integer }}) as double
        ) / nullif(
            count({{ value }})
            * cast(count({{ value }}){{ " - 1" if is_sample }} as double),
            0
        )
    )
{%- endmacro %}
