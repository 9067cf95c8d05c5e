{#
  A query for segment_hourly and segment_daily: one row per segment and slot, all orders of the segment's
  customers up to the scoring date. slot: column of int_timing_orders; names: further columns of
  int_timing_slots that go with it.
#}
{% macro segment_timing(slot, names=[]) -%}
    with
        orders as (select * from {{ ref("int_timing_orders") }}),

        customer_segments as (select * from {{ ref("customer_segments") }}),

        segments as (select * from {{ ref("segments") }}),

        slots as (
            select distinct {{ ([slot] + names) | join(", ") }}
            from {{ ref("int_timing_slots") }}
        ),

        segment_sizes as (
            select segment, count(*) as customer_count
            from customer_segments
            group by segment
        ),

        segment_orders as (
            select customer_segments.segment, orders.*
            from orders
            inner join
                customer_segments on orders.customer_id = customer_segments.customer_id
        ),

        totals as (
            select segment, {{ slot }}, {{ timing_totals() }}
            from segment_orders
            group by segment, {{ slot }}
        ),

        segment_timing as (
            select
                segments.segment,
                segments.display_order,
                {% for column in [slot] + names %} slots.{{ column }}, {% endfor %}
                {{ timing_measures("totals", share_of=["segments.segment"]) }},
                cast(
                    coalesce(segment_sizes.customer_count, 0) as bigint
                ) as segment_customer_count,
                cast(coalesce(totals.order_count, 0) as double)
                / segment_sizes.customer_count as orders_per_customer
            from segments
            cross join slots
            left join segment_sizes on segments.segment = segment_sizes.segment
            left join
                totals
                on segments.segment = totals.segment
                and slots.{{ slot }} is not distinct from totals.{{ slot }}
        )

    select *
    from segment_timing
{%- endmacro %}
