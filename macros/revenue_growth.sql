{#
  A CTE body: per as_of_date and customer_id of int_orders_as_of, the growth in percent from the
  mean revenue of the first floor(n / 2) orders to the mean of the rest; NULL with fewer than four orders.
  Money is summed as decimals, since their sum does not depend on the order of rows.
#}
{% macro revenue_growth(revenue, tie_break) %}
    select
        as_of_date,
        customer_id,
        (
            cast(sum(case when not is_first_half then {{ revenue }} end) as double)
            / sum(case when is_first_half then 0 else 1 end)
            / nullif(
                cast(sum(case when is_first_half then {{ revenue }} end) as double)
                / sum(case when is_first_half then 1 else 0 end),
                0
            )
            - 1
        )
        * 100 as revenue_growth
    from
        (
            select
                as_of_date,
                customer_id,
                {{ revenue }},
                row_number() over (
                    partition by as_of_date, customer_id
                    order by first_sold_at, {{ tie_break }}
                ) <= floor(
                    count(*) over (partition by as_of_date, customer_id) / 2e0
                ) as is_first_half,
                count(*) over (partition by as_of_date, customer_id) as order_count
            from {{ ref("int_orders_as_of") }}
        ) as numbered_orders
    where order_count >= 4
    group by as_of_date, customer_id
{%- endmacro %}
