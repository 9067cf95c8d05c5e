-- A failure means that segment profiles and customers disagree on who exists or what
-- they are worth.
select
    segment_profiles.as_of_date,
    sum(segment_profiles.customer_count) as customers_in_profiles,
    max(customers.customer_count) as customer_count
from {{ ref("segment_profiles") }} as segment_profiles
left join
    (
        select as_of_date, count(*) as customer_count, sum(monetary) as monetary
        from {{ ref("int_rfm_scores") }}
        group by as_of_date
    ) as customers
    on segment_profiles.as_of_date = customers.as_of_date
group by segment_profiles.as_of_date
having
    sum(segment_profiles.customer_count) <> max(customers.customer_count)
    or sum(segment_profiles.revenue) <> max(customers.monetary)
