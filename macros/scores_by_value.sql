{#
  A CTE body: the score from 1 to 5 of every value that customers of int_rfm_values have on an as-of date: the
  band of the value's mean rank, so equal values always score equally. Values are ranked, not customers, of
  whom there are many more; higher values score higher, or lower ones with descending=true (recency).
#}
{% macro scores_by_value(value, descending=false) %}
    select
        as_of_date,
        {{ value }},
        cast(
            least(
                5,
                {#- lowest rank + highest rank - 1 = 2 * customers before + ties -#}
                floor(
                    5e0
                    * (2 * (customers_to_here - customer_count) + customer_count)
                    / (2 * all_customers)
                )
                + 1
            ) as integer
        ) as score
    from
        (
            select
                as_of_date,
                {{ value }},
                customer_count,
                cast(
                    sum(customer_count) over (
                        partition by as_of_date
                        order by {{ value }} {{ "desc" if descending }}
                        rows between unbounded preceding and current row
                    ) as bigint
                ) as customers_to_here,
                cast(
                    sum(customer_count) over (partition by as_of_date) as bigint
                ) as all_customers
            from
                (
                    select as_of_date, {{ value }}, count(*) as customer_count
                    from {{ ref("int_rfm_values") }}
                    group by as_of_date, {{ value }}
                ) as counted_values
        ) as cumulated_values
{%- endmacro %}
