-- Grain: one row per segment and category that makes a smaller share of the segment's
-- revenue than of all customers', at the scoring date (as_of_date).
with
    segment_category_shares as (select * from {{ ref("segment_category_shares") }}),

    counted as (
        select
            segment_category_shares.*,
            sum(segment_customer_count) over (partition by category)
            - segment_customer_count as other_segment_customer_count,
            sum(customer_count) over (partition by category)
            - customer_count as other_customer_count
        from segment_category_shares
    ),

    gaps as (
        select
            counted.*,
            cast(other_customer_count as double)
            / nullif(other_segment_customer_count, 0) as other_penetration,
            all_revenue_share - revenue_share as share_gap
        from counted
        where revenue_share < all_revenue_share
    ),

    intervals as (
        select
            gaps.*,
            {% for share, count in {
                "penetration": "segment_customer_count",
                "other_penetration": "other_segment_customer_count",
            }.items() %}
                {{ wilson_bound(share, count, "low") }} as {{ share }}_low,
                {{ wilson_bound(share, count, "high") }}
                as {{ share }}_high{{ "," if not loop.last }}
            {% endfor %}
        from gaps
    ),

    differences as (
        select
            intervals.*,
            penetration - other_penetration as penetration_difference,
            {% for side in ["low", "high"] %}
                {{ share_difference_bound("penetration", "other_penetration", side) }}
                as penetration_difference_{{ side }}{{ "," if not loop.last }}
            {% endfor %}
        from intervals
    ),

    cross_sell_gaps as (
        select
            as_of_date,
            segment,
            category,
            cast(
                row_number() over (
                    partition by segment
                    order by
                        share_gap * cast(segment_revenue as double) desc, category asc
                ) as integer
            ) as gap_rank,
            revenue_share,
            all_revenue_share,
            100e0 * share_gap as share_gap_points,
            cast(
                cast(segment_revenue as double) * share_gap as decimal(18, 4)
            ) as revenue_gap,
            cast(
                segment_customer_count - customer_count as bigint
            ) as customers_without_count,
            penetration,
            other_penetration,
            penetration_difference,
            penetration_difference_low,
            penetration_difference_high,
            penetration_difference_low <= 0
            and penetration_difference_high >= 0 as is_within_chance,
            case
                when penetration_difference_high < 0
                then 'Fewer of the segment buy it than of the other customers.'
                when penetration_difference_low > 0
                then
                    'More of the segment buy it than of the other customers; they spend a smaller part on it.'
                else
                    'How many of the segment buy it differs from the other customers no more than by chance.'
            end as statement
        from differences
    )

select *
from cross_sell_gaps
