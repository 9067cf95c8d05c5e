-- Grain: wave, customer_id. The waves of this shop up to the scoring date, this
-- build's included. A draft lasts until the next build.
with
    audiences as (select * from {{ ref("int_campaign_audiences") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    shops as (
        select label as shop
        from {{ ref("int_cluster_parameters") }}
        where parameter = 'shop'
    ),

    wave_members as (
        select
            audiences.*,
            scoring_date.as_of_date,
            {{ add_days("audiences.wave_date", "audiences.measured_days") }}
            as window_end,
            {{ add_days("audiences.wave_date", "audiences.measured_days") }}
            <= scoring_date.as_of_date as is_finished
        from audiences
        -- a warehouse may have held another shop, or have been built for later dates
        inner join shops on audiences.shop = shops.shop
        inner join scoring_date on audiences.wave_date <= scoring_date.as_of_date
        {% if var("campaign_wave") is none %}
            where
                not audiences.is_draft or audiences.wave_date = scoring_date.as_of_date
        {% else %} where not audiences.is_draft
        {% endif %}
    )

select *
from wave_members
