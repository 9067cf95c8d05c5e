-- Grain: one row per order_id of the source. The country that its rows name; of
-- several the first in the alphabet.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    order_countries as (
        select order_id, min(country) as country from transactions group by order_id
    )

select *
from order_countries
