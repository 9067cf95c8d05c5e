{#
  A CTE body: per as_of_date and customer_id of `orders` (int_orders_as_of), the growth in percent from the
  mean revenue of the first floor(n / 2) orders to the mean of the rest; NULL with fewer than four orders.
#}
{% macro revenue_growth(revenue, tie_break) %}
select
    as_of_date,
    customer_id,
    (
        avg(case when order_number > floor(order_count / 2.0) then cast({{ revenue }} as double) end)
        / nullif(avg(case when order_number <= floor(order_count / 2.0) then cast({{ revenue }} as double) end), 0)
        - 1
    ) * 100 as revenue_growth
from
    (
        select
            as_of_date,
            customer_id,
            {{ revenue }},
            row_number() over (
                partition by as_of_date, customer_id order by first_sold_at, {{ tie_break }}
            ) as order_number,
            count(*) over (partition by as_of_date, customer_id) as order_count
        from orders
    ) as numbered_orders
where order_count >= 4
group by as_of_date, customer_id
{%- endmacro %}
