{#
  The score that a value would have had by the cut points of another date, from the columns
  <metric>_<score> of the relation cut_points. Values beyond every cut point take the nearest score.
  recency_days: the highest recency of each score; otherwise: the lowest value of each score.
#}
{% macro score_by_cut_points(value, metric) -%}
    {%- set comparison = "<=" if metric == "recency_days" else ">=" -%}
    case
        {%- for score in range(5, 0, -1) %}
            when {{ value }} {{ comparison }} cut_points.{{ metric }}_{{ score }}
            then {{ score }}
        {%- endfor %}
        else cut_points.{{ metric }}_lowest_score
    end
{%- endmacro %}
