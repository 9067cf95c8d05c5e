-- A failure means that a customer is missing from customer_360, or that a row has no
-- customer.
select customers.customer_id, customer_360.customer_id as customer_id_360
from {{ ref("customers") }} as customers
full outer join
    {{ ref("customer_360") }} as customer_360
    on customers.customer_id = customer_360.customer_id
where customers.customer_id is null or customer_360.customer_id is null
