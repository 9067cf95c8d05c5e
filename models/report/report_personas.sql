-- Grain: one row per timing persona, at the scoring date (as_of_date).
with
    customer_timing_personas as (select * from {{ ref("customer_timing_personas") }}),

    customer_rfm as (select * from {{ ref("customer_rfm") }}),

    persona_rules as (
        select timing_persona, min(priority) as priority, min(meaning) as meaning
        from {{ ref("persona_rules") }}
        where rule_set = '{{ var("persona_rules") }}'
        group by timing_persona
    ),

    totals as (
        select
            customer_timing_personas.as_of_date,
            customer_timing_personas.timing_persona,
            count(*) as customer_count,
            sum(customer_timing_personas.order_count) as order_count,
            sum(customer_rfm.monetary) as revenue,
            percentile_cont(0.5) within group (
                order by cast(customer_timing_personas.preferred_hour as double)
            ) as median_preferred_hour
        from customer_timing_personas
        inner join
            customer_rfm
            on customer_timing_personas.customer_id = customer_rfm.customer_id
        group by
            customer_timing_personas.as_of_date, customer_timing_personas.timing_persona
    ),

    shared as (
        select
            totals.*,
            cast(customer_count as double)
            / sum(customer_count) over () as customer_share,
            cast(revenue as double)
            / nullif(cast(sum(revenue) over () as double), 0) as revenue_share
        from totals
    ),

    report_personas as (
        select
            shared.as_of_date,
            shared.timing_persona,
            persona_rules.meaning,
            cast(
                row_number() over (
                    order by
                        persona_rules.priority asc nulls last, shared.timing_persona asc
                ) as integer
            ) as display_order,
            {{ is_small_cell("shared.customer_count") }} as is_suppressed,
            {{ unless_small_cell("shared.customer_count", "shared.customer_count") }}
            as customer_count,
            {{ unless_small_cell("shared.customer_share", "shared.customer_count") }}
            as customer_share,
            cast(
                {{ unless_small_cell("shared.order_count", "shared.customer_count") }}
                as bigint
            ) as order_count,
            cast(
                {{ unless_small_cell("shared.revenue", "shared.customer_count") }}
                as decimal(18, 4)
            ) as revenue,
            {{ unless_small_cell("shared.revenue_share", "shared.customer_count") }}
            as revenue_share,
            {{
                unless_small_cell(
                    "shared.median_preferred_hour", "shared.customer_count"
                )
            }} as median_preferred_hour
        from shared
        left join persona_rules on shared.timing_persona = persona_rules.timing_persona
    )

select *
from report_personas
