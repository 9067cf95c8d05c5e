-- Grain: one row per country, largest revenue first, with its place on the map (seed
-- country_codes).
with
    country_performance as (select * from {{ ref("country_performance") }}),

    country_codes as (select * from {{ ref("country_codes") }}),

    ranked as (
        select
            country_performance.*,
            cast(
                row_number() over (order by revenue desc, country asc) as integer
            ) as country_rank
        from country_performance
        where country is not null
    ),

    report_countries as (
        select
            ranked.country,
            ranked.country_rank,
            country_codes.map_id,
            {{ is_small_cell("ranked.customer_count") }} as is_suppressed,
            {% for figure in [
                "customer_count",
                "order_count",
                "revenue",
                "revenue_share",
                "aov",
                "repeat_customer_rate",
                "returned_share",
            ] %}
                {{ unless_small_cell("ranked." ~ figure, "ranked.customer_count") }}
                as {{ figure }}{{ "," if not loop.last }}
            {% endfor %}
        from ranked
        left join
            country_codes on lower(trim(ranked.country)) = country_codes.country_name
    )

select *
from report_countries
