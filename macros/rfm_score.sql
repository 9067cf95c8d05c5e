{#
  A score from 1 to 5 of a value among all customers of an as-of date; higher values score higher,
  or lower ones with descending=true (recency). ties: var score_ties unless given.
  score_ties "equal": the band of the value's mean rank, so equal values always score equally.
  score_ties "row_order": the published system's quintiles, ties broken by customer_id.
#}
{% macro rfm_score(value, descending=false, ties=none) %}
    {%- set ties = ties or var("score_ties") -%}
    {%- if ties == "row_order" -%}
        {%- set quintile -%}
        greatest(1, ceil((row_number() over (partition by as_of_date order by {{ value }}, customer_id) - 1) * 5e0
        / nullif(count(*) over (partition by as_of_date) - 1, 0)))
        {%- endset -%}
        cast({{ "6 - " if descending }}{{ quintile }} as integer)
    {%- elif ties == "equal" -%}
        {#- lowest rank + highest rank - 1 = 2 * lowest rank + ties - 2 -#}
        cast(
            least(
                5,
                floor(
                    5e0 * (
                        2 * rank() over (
                            partition by as_of_date
                            order by {{ value }} {{ "desc" if descending }}
                        )
                        + count(*) over (partition by as_of_date, {{ value }})
                        - 2
                    )
                    / (2 * count(*) over (partition by as_of_date))
                )
                + 1
            ) as integer
        )
    {%- else -%}
        {{
            exceptions.raise_compiler_error(
                "var score_ties is '" ~ ties ~ "'; it must be equal or row_order"
            )
        }}
    {%- endif -%}
{% endmacro %}
