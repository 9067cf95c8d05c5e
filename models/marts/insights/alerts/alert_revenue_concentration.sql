-- Grain: one row: the segment with most revenue at the scoring date, and its share.
with
    rule as ({{ alert_rule("revenue_concentration") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    segment_profiles as (select * from {{ ref("segment_profiles") }}),

    ranked as (
        select
            segment_profiles.*,
            sum(segment_profiles.customer_count) over () as all_customer_count,
            row_number() over (
                order by
                    segment_profiles.revenue desc, segment_profiles.display_order asc
            ) as revenue_rank
        from segment_profiles
        inner join scoring_date on segment_profiles.as_of_date = scoring_date.as_of_date
        where segment_profiles.revenue > 0
    ),

    measured as (
        select
            segment as subject,
            revenue_share as value,
            customer_share as baseline,
            customer_count,
            revenue as amount_at_stake,
            null as period_start,
            null as period_end,
            concat(
                {{ share_text("revenue_share") }},
                ' of revenue (',
                {{ amount_text("revenue") }},
                ') comes from the segment ',
                segment,
                ', ',
                {{ number_text("customer_count") }},
                ' of ',
                {{ number_text("all_customer_count") }},
                ' customers (',
                {{ share_text("customer_share") }},
                ').'
            ) as sentence
        from ranked
        where revenue_rank = 1
    ),

    alert as ({{ alert_rows() }})

select *
from alert
