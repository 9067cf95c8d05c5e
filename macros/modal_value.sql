{#
  A CTE body: per as_of_date and customer_id the value with the most lines in int_order_parts_as_of,
  and its share of lines. Ties go to the value used first; in tie_order "file", to the one seen first
  in the files (the published system's rule). Aggregates and a join: windows would sort every customer's values.
#}
{% macro modal_value(value, tie_order="time") %}
    with
        value_counts as (
            select
                as_of_date,
                customer_id,
                {{ value }} as value,
                sum(line_count) as line_count,
                min(
                    {{ "first_sold_at" if tie_order == "time" else "first_line_id" }}
                ) as first_use
            from {{ ref("int_order_parts_as_of") }}
            group by as_of_date, customer_id, {{ value }}
        ),

        totals as (
            select
                as_of_date,
                customer_id,
                max(line_count) as highest_line_count,
                sum(line_count) as total_line_count
            from value_counts
            group by as_of_date, customer_id
        )

    select
        value_counts.as_of_date,
        value_counts.customer_id,
        min_by(value_counts.value, value_counts.first_use) as value,
        max(
            cast(value_counts.line_count as double) / totals.total_line_count
        ) as line_share
    from value_counts
    inner join
        totals
        on value_counts.as_of_date = totals.as_of_date
        and value_counts.customer_id = totals.customer_id
        and value_counts.line_count = totals.highest_line_count
    group by value_counts.as_of_date, value_counts.customer_id
{%- endmacro %}
