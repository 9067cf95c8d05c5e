-- Grain: segment, slot_type (hour or weekday). The slot in which most orders fall
-- beside the second, for every segment with an order and for all customers together.
with
    orders as (
        select customer_id, order_hour, weekday
        from {{ ref("int_timing_orders") }}
        where customer_id is not null
    ),

    customer_segments as (select * from {{ ref("customer_segments") }}),

    members as (
        select segment, customer_id
        from customer_segments
        union all
        select 'All customers' as segment, customer_id
        from customer_segments
    ),

    customer_slots as (
        {% for slot_type, slot in [("hour", "order_hour"), ("weekday", "weekday")] %}
            select
                customer_id,
                '{{ slot_type }}' as slot_type,
                {{ slot }} as slot,
                count(*) as order_count
            from orders
            where {{ slot }} is not null
            group by customer_id, {{ slot }} {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    member_slots as (
        select members.segment, customer_slots.*
        from members
        inner join customer_slots on members.customer_id = customer_slots.customer_id
    ),

    ranked_slots as (
        select
            segment,
            slot_type,
            slot,
            row_number() over (
                partition by segment, slot_type order by sum(order_count) desc, slot
            ) as slot_rank
        from member_slots
        group by segment, slot_type, slot
    ),

    leading_slots as (
        select
            segment,
            slot_type,
            max(case when slot_rank = 1 then slot end) as best_slot,
            max(case when slot_rank = 2 then slot end) as second_slot
        from ranked_slots
        group by segment, slot_type
    ),

    customer_counts as (
        select
            leading_slots.segment,
            leading_slots.slot_type,
            leading_slots.best_slot,
            leading_slots.second_slot,
            member_slots.customer_id,
            sum(member_slots.order_count) as order_count,
            {% for place in ["best", "second"] %}
                sum(
                    case
                        when member_slots.slot = leading_slots.{{ place }}_slot
                        then member_slots.order_count
                        else 0
                    end
                ) as {{ place }}_count{{ "," if not loop.last }}
            {% endfor %}
        from leading_slots
        inner join
            member_slots
            on leading_slots.segment = member_slots.segment
            and leading_slots.slot_type = member_slots.slot_type
        group by
            leading_slots.segment,
            leading_slots.slot_type,
            leading_slots.best_slot,
            leading_slots.second_slot,
            member_slots.customer_id
    ),

    counts as (
        select
            segment,
            slot_type,
            best_slot,
            second_slot,
            count(*) as customer_count,
            sum(order_count) as order_count,
            sum(best_count) as best_count,
            sum(second_count) as second_count,
            cast(sum(order_count * order_count) as double) as sum_nn,
            cast(sum(best_count * order_count) as double) as sum_bn,
            cast(sum(best_count * best_count) as double) as sum_bb,
            cast(sum((best_count - second_count) * order_count) as double) as sum_dn,
            cast(
                sum((best_count - second_count) * (best_count - second_count)) as double
            ) as sum_dd
        from customer_counts
        group by segment, slot_type, best_slot, second_slot
    ),

    shares as (
        select
            counts.*,
            cast(best_count as double) / order_count as share,
            cast(second_count as double) / order_count as second_share,
            cast(best_count - second_count as double) / order_count as difference
        from counts
        where
            order_count >= {{ var("send_time_orders_from") }}
            and customer_count >= {{ var("send_time_customers_from") }}
    ),

    -- customers are sampled, not orders: one who always orders at the same hour is no
    -- crowd. Variance of a ratio x / n over m customers (Cochran 1977, ch. 6):
    -- m / (m - 1) * sum((x - ratio * n)^2) / sum(n)^2
    variances as (
        select
            shares.*,
            {% for ratio, sum_xx, sum_xn in [
                ("share", "sum_bb", "sum_bn"),
                ("difference", "sum_dd", "sum_dn"),
            ] %}
                greatest(
                    0e0,
                    {{ sum_xx }}
                    - 2 * {{ ratio }} * {{ sum_xn }}
                    + {{ ratio }} * {{ ratio }} * sum_nn
                )
                * customer_count
                / nullif(customer_count - 1, 0)
                / (
                    cast(order_count as double) * order_count
                ) as {{ ratio }}_variance{{ "," if not loop.last }}
            {% endfor %}
        from shares
    ),

    -- so many independent orders would leave the share as uncertain
    effective as (
        select
            variances.*,
            least(
                cast(order_count as double),
                coalesce(share * (1 - share) / nullif(share_variance, 0), order_count)
            ) as effective_order_count
        from variances
    ),

    figures as (
        select
            effective.*,
            {{ wilson_bound("share", "effective_order_count", "low") }} as share_low,
            {{ wilson_bound("share", "effective_order_count", "high") }} as share_high,
            difference
            - {{ normal_quantile_95() }} * sqrt(difference_variance) as difference_low,
            difference
            + {{ normal_quantile_95() }} * sqrt(difference_variance) as difference_high
        from effective
    ),

    send_times as (
        select
            counts.segment,
            counts.slot_type,
            counts.customer_count,
            counts.order_count,
            figures.best_slot,
            figures.best_count,
            figures.share,
            figures.share_low,
            figures.share_high,
            figures.second_slot,
            case
                when figures.second_slot is not null then figures.second_share
            end as second_share,
            {% for column in ["difference", "difference_low", "difference_high"] %}
                case
                    when figures.second_slot is not null then figures.{{ column }}
                end as {{ column }},
            {% endfor %}
            case
                when figures.segment is null
                then
                    concat(
                        'Too few: ',
                        counts.order_count,
                        ' orders of ',
                        counts.customer_count,
                        ' customers; needed are {{ var("send_time_orders_from") }} of ',
                        '{{ var("send_time_customers_from") }}.'
                    )
                when figures.second_slot is null
                then 'All orders fall in it.'
                when figures.difference_low > 0
                then 'Ahead of the second best.'
                else 'No clear difference to the second best.'
            end as verdict
        from counts
        left join
            figures
            on counts.segment = figures.segment
            and counts.slot_type = figures.slot_type
    )

select *
from send_times
