{#
  A CTE body: the score from 1 to 5 of every value that customers of int_rfm_values have on an as-of date: the
  band of the value's mean rank, so equal values always score equally; higher values score higher, or lower ones
  with descending=true (recency). Customers with one value take places that follow each other, so the first and the
  last of them say the mean.
#}
{% macro scores_by_value(value, descending=false) %}
    select
        as_of_date,
        {{ value }},
        cast(
            least(
                5, floor(5e0 * (min(place) + max(place) - 1) / (2 * customer_count)) + 1
            ) as integer
        ) as score
    from
        (
            select
                as_of_date,
                {{ value }},
                row_number() over (
                    partition by as_of_date
                    order by {{ value }} {{ "desc" if descending }}
                ) as place,
                count(*) over (partition by as_of_date) as customer_count
            from {{ ref("int_rfm_values") }}
        ) as places
    group by as_of_date, {{ value }}, customer_count
{%- endmacro %}
