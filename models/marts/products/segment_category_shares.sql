-- Grain: one row per segment and category that any customer bought from, at the
-- scoring date (as_of_date); empty segments included.
with
    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_category_shares as (select * from {{ ref("customer_category_shares") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    segments as (select * from {{ ref("segments") }}),

    segment_sizes as (
        select segment, count(*) as customer_count
        from customer_segments
        group by segment
    ),

    bought as (
        select
            customer_segments.segment,
            customer_category_shares.category,
            count(*) as customer_count,
            sum(customer_category_shares.revenue) as revenue
        from customer_segments
        inner join
            customer_category_shares
            on customer_segments.as_of_date = customer_category_shares.as_of_date
            and customer_segments.customer_id = customer_category_shares.customer_id
        group by customer_segments.segment, customer_category_shares.category
    ),

    categories as (select distinct category from bought),

    counted as (
        select
            scoring_date.as_of_date,
            segments.segment,
            segments.display_order,
            categories.category,
            coalesce(segment_sizes.customer_count, 0) as segment_customer_count,
            coalesce(bought.customer_count, 0) as customer_count,
            coalesce(bought.revenue, 0) as revenue
        from segments
        cross join categories
        cross join scoring_date
        left join segment_sizes on segments.segment = segment_sizes.segment
        left join
            bought
            on segments.segment = bought.segment
            and categories.category = bought.category
    ),

    totalled as (
        select
            counted.*,
            sum(segment_customer_count) over (
                partition by category
            ) as all_segment_customer_count,
            sum(customer_count) over (partition by category) as all_customer_count,
            sum(revenue) over (partition by segment) as segment_revenue,
            sum(revenue) over (partition by category) as category_revenue,
            sum(revenue) over () as all_revenue
        from counted
    ),

    -- a share of a total that is not above 0 means nothing
    shares as (
        select
            totalled.*,
            cast(customer_count as double)
            / nullif(segment_customer_count, 0) as penetration,
            cast(all_customer_count as double)
            / nullif(all_segment_customer_count, 0) as all_penetration,
            case
                when segment_revenue > 0
                then cast(revenue as double) / cast(segment_revenue as double)
            end as revenue_share,
            case
                when all_revenue > 0
                then cast(category_revenue as double) / cast(all_revenue as double)
            end as all_revenue_share
        from totalled
    ),

    segment_category_shares as (
        select
            as_of_date,
            segment,
            display_order,
            category,
            cast(segment_customer_count as bigint) as segment_customer_count,
            cast(customer_count as bigint) as customer_count,
            penetration,
            all_penetration,
            cast(segment_revenue as decimal(18, 4)) as segment_revenue,
            cast(revenue as decimal(18, 4)) as revenue,
            revenue_share,
            all_revenue_share,
            case
                when all_revenue_share > 0
                then 100e0 * revenue_share / all_revenue_share
            end as revenue_index
        from shares
    )

select *
from segment_category_shares
