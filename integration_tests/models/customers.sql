-- Grain: one row per customer of the shop's own register, with the segment that Regulars gives.
with
    register as (select * from {{ ref("customer_register") }}),

    segments as (select * from {{ ref("regulars", "customer_segments") }}),

    customers as (
        select
            cast(register.customer_id as varchar) as customer_id,
            register.customer_name,
            segments.segment
        from register
        left join
            segments on cast(register.customer_id as varchar) = segments.customer_id
    )

select *
from customers
