-- What do Champions buy that others do not?
-- How to read: per category, the percentage that it makes of the net revenue of
-- Champions and of all other customers. times_others above 1: Champions lean to it
-- more; those categories come first. Look at their revenue (money) too: small
-- categories swing easily.
with
    customer_segments as (select * from {{ ref("customer_segments") }}),

    customer_category_shares as (select * from {{ ref("customer_category_shares") }}),

    category_revenue as (
        select
            customer_category_shares.category,
            count(
                distinct case
                    when customer_segments.segment = 'Champions'
                    then customer_segments.customer_id
                end
            ) as champion_count,
            sum(
                case
                    when customer_segments.segment = 'Champions'
                    then customer_category_shares.revenue
                    else 0
                end
            ) as champion_revenue,
            sum(
                case
                    when customer_segments.segment = 'Champions'
                    then 0
                    else customer_category_shares.revenue
                end
            ) as other_revenue
        from customer_segments
        inner join
            customer_category_shares
            on customer_segments.as_of_date = customer_category_shares.as_of_date
            and customer_segments.customer_id = customer_category_shares.customer_id
        group by customer_category_shares.category
    ),

    category_shares as (
        select
            category,
            champion_count,
            champion_revenue,
            cast(champion_revenue as double) / nullif(
                cast(sum(champion_revenue) over () as double), 0
            ) as champion_share,
            cast(other_revenue as double)
            / nullif(cast(sum(other_revenue) over () as double), 0) as other_share
        from category_revenue
    ),

    categories_compared as (
        select
            category,
            champion_count,
            round(champion_revenue, 2) as champion_revenue,
            round(100.0 * champion_share, 2) as champion_pct,
            round(100.0 * other_share, 2) as other_pct,
            round(champion_share / nullif(other_share, 0), 2) as times_others
        from category_shares
    )

select *
from categories_compared
order by times_others desc nulls last, category asc
