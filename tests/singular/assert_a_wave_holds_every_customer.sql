-- Failure means: this build's wave leaves a customer out, or holds somebody who is
-- none.
with
    customers as (select * from {{ ref("customers") }}),

    audiences as (
        select campaign_audiences.*
        from {{ ref("campaign_audiences") }} as campaign_audiences
        inner join
            (select distinct as_of_date from customers) as dates
            on campaign_audiences.wave_date = dates.as_of_date
        {% if var("campaign_wave") is not none %}
            where campaign_audiences.wave = {{ text_literal(var("campaign_wave")) }}
        {% endif %}
    ),

    differing as (
        select
            coalesce(customers.customer_id, audiences.customer_id) as customer_id,
            audiences.wave
        from customers
        full outer join audiences on customers.customer_id = audiences.customer_id
        where customers.customer_id is null or audiences.customer_id is null
    )

select *
from differing
