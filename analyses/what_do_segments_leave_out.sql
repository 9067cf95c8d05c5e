-- What do segments leave out that others buy?
-- How to read: per segment, its three largest gaps of those categories that fewer of
-- its customers buy than of the others, beyond chance. revenue_gap is the money that
-- the segment would have spent more on the category at everybody's share; it would
-- have spent that much less on the rest. buying_pct and others_buying_pct are
-- percentages of customers; the difference, in percentage points, lies between
-- difference_low and difference_high (95 %). A description of what was bought, no
-- forecast of what an offer brings: small segments of new customers have bought
-- little of anything yet.
with
    cross_sell_gaps as (
        select * from {{ ref("cross_sell_gaps") }} where penetration_difference_high < 0
    ),

    ranked as (
        select
            segment,
            category,
            row_number() over (
                partition by segment order by gap_rank
            ) as position_in_segment,
            round(revenue_gap, 2) as revenue_gap,
            customers_without_count,
            round(100 * penetration, 1) as buying_pct,
            round(100 * other_penetration, 1) as others_buying_pct,
            round(100 * penetration_difference_low, 1) as difference_low,
            round(100 * penetration_difference_high, 1) as difference_high
        from cross_sell_gaps
    )

select *
from ranked
where position_in_segment <= 3
order by segment asc, position_in_segment asc
