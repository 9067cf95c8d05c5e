-- Grain: one row per segment and category, at the scoring date (as_of_date).
with
    segment_category_shares as (select * from {{ ref("segment_category_shares") }}),

    report_segment_categories as (
        select
            as_of_date,
            segment,
            display_order,
            category,
            {{ is_small_cell("customer_count") }} as is_suppressed,
            {% for figure in [
                "customer_count",
                "penetration",
                "revenue",
                "revenue_share",
                "revenue_index",
            ] %}
                {{ unless_small_cell(figure, "customer_count") }} as {{ figure }},
            {% endfor %}
            all_revenue_share,
            cast(
                row_number() over (
                    partition by segment order by revenue desc, category asc
                ) as integer
            ) as category_rank
        from segment_category_shares
    )

select *
from report_segment_categories
