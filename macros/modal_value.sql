{#
  A CTE body: per as_of_date and customer_id the value with the most lines in int_order_parts_as_of,
  and its share of lines. Ties go to the value used first; in tie_order "file", to the one seen first
  in the files (the published system's rule).
#}
{% macro modal_value(value, tie_order="time") %}
    select
        as_of_date,
        customer_id,
        value,
        cast(line_count as double) / total_line_count as line_share
    from
        (
            select
                as_of_date,
                customer_id,
                value,
                line_count,
                sum(line_count) over (
                    partition by as_of_date, customer_id
                ) as total_line_count,
                row_number() over (
                    partition by as_of_date, customer_id
                    order by
                        line_count desc,
                        {{ "first_sold_at," if tie_order == "time" }} first_line_id
                ) as value_rank
            from
                (
                    select
                        as_of_date,
                        customer_id,
                        {{ value }} as value,
                        sum(line_count) as line_count,
                        min(first_sold_at) as first_sold_at,
                        min(first_line_id) as first_line_id
                    from {{ ref("int_order_parts_as_of") }}
                    group by as_of_date, customer_id, {{ value }}
                ) as value_counts
        ) as ranked_values
    where value_rank = 1
{%- endmacro %}
