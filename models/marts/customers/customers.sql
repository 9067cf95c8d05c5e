-- Grain: one row per customer_id with an order that stands at the scoring date
-- (as_of_date). The customer dimension.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    confidence_tiers as (select * from {{ ref("confidence_tiers") }}),

    order_countries as (select * from {{ ref("int_order_countries") }}),

    personas as (select * from {{ ref("customer_timing_personas") }}),

    standing_parts as (
        select scoring_date.as_of_date, order_parts.*
        from order_parts
        inner join
            scoring_date
            on {{ stands_on_date("order_parts", "scoring_date.as_of_date") }}
    ),

    purchases as (
        select
            as_of_date,
            customer_id,
            min(first_sold_at) as first_purchase_at,
            max(last_sold_at) as last_purchase_at,
            min(sold_date) as first_purchase_date,
            count(distinct order_id) as order_count
        from standing_parts
        group by as_of_date, customer_id
    ),

    country_spend as (
        select
            standing_parts.customer_id,
            order_countries.country,
            sum(standing_parts.gross_revenue) as gross_revenue
        from standing_parts
        inner join order_countries on standing_parts.order_id = order_countries.order_id
        group by standing_parts.customer_id, order_countries.country
    ),

    -- the country with the largest spend; tie: its name
    ranked_countries as (
        select
            customer_id,
            country,
            row_number() over (
                partition by customer_id
                order by
                    case when country is null then 1 else 0 end asc,
                    gross_revenue desc,
                    country asc
            ) as country_rank,
            count(country) over (partition by customer_id) as country_count
        from country_spend
    ),

    tiers as (
        select
            purchases.customer_id,
            confidence_tiers.confidence_tier,
            row_number() over (
                partition by purchases.customer_id order by confidence_tiers.priority
            ) as tier_rank
        from purchases
        inner join
            confidence_tiers
            on purchases.order_count >= confidence_tiers.order_count_from
            and (
                confidence_tiers.tenure_days_below is null
                or {{
                    days_between(
                        "purchases.first_purchase_date", "purchases.as_of_date"
                    )
                }} < confidence_tiers.tenure_days_below
            )
    ),

    customers as (
        select
            purchases.as_of_date,
            purchases.customer_id,
            purchases.first_purchase_at,
            purchases.last_purchase_at,
            ranked_countries.country as primary_country,
            cast(ranked_countries.country_count as integer) as country_count,
            coalesce(
                ranked_countries.country = '{{ var("home_country") }}', false
            ) as is_uk,
            cast(purchases.order_count as integer) as order_count,
            tiers.confidence_tier,
            personas.timing_persona
        from purchases
        inner join
            ranked_countries
            on purchases.customer_id = ranked_countries.customer_id
            and ranked_countries.country_rank = 1
        inner join
            tiers on purchases.customer_id = tiers.customer_id and tiers.tier_rank = 1
        inner join personas on purchases.customer_id = personas.customer_id
    )

select *
from customers
