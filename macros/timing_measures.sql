{# Columns of a grouped select from int_timing_orders: what the orders of a group amount to. #}
{% macro timing_totals() -%}
    count(*) as order_count,
    sum(line_count) as line_count,
    count(distinct customer_id) as customer_count,
    sum(gross_revenue) as gross_revenue,
    sum(revenue) as revenue,
    percentile_cont(0.5) within group (
        order by cast(revenue as double)
    ) as median_order_value
{%- endmacro %}

{#
  Columns of a mart from a relation with timing_totals(), left joined to all values of the grain: 0 where
  nothing was ordered. share_of: columns within which revenue_share sums to 1; default: the whole table.
#}
{% macro timing_measures(totals, share_of=[]) -%}
    {% for measure in ["line_count", "order_count", "customer_count"] %}
        cast(coalesce({{ totals }}.{{ measure }}, 0) as bigint) as {{ measure }},
    {% endfor %}
    {% for measure in ["gross_revenue", "revenue"] %}
        cast(
            coalesce({{ totals }}.{{ measure }}, 0) as decimal(18, 4)
        ) as {{ measure }},
    {% endfor %}
    cast({{ totals }}.revenue as double) / {{ totals }}.order_count as aov,
    {{ totals }}.median_order_value,
    cast(coalesce({{ totals }}.revenue, 0) as double) / nullif(
        cast(
            sum({{ totals }}.revenue) over (
                {{ "partition by " ~ share_of | join(", ") if share_of }}
            ) as double
        ),
        0
    ) as revenue_share
{%- endmacro %}
