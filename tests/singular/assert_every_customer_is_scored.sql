-- A failure means that a customer has no row of scores, or that a row has no customer.
select customers.customer_id, customer_scores.customer_id as scored_customer_id
from {{ ref("customers") }} as customers
full outer join
    {{ ref("customer_scores") }} as customer_scores
    on customers.customer_id = customer_scores.customer_id
where customers.customer_id is null or customer_scores.customer_id is null
