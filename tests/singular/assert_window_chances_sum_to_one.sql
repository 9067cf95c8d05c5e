-- A failure means that the chances of the three purchase windows are none.
select
    customer_id,
    next_order_within_30d_probability,
    next_order_31_to_90d_probability,
    no_order_within_90d_probability
from {{ ref("customer_scores") }}
where
    abs(
        next_order_within_30d_probability
        + next_order_31_to_90d_probability
        + no_order_within_90d_probability
        - 1
    )
    > 0.000001
