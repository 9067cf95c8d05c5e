-- What does a new customer bring in time?
-- How to read: one row per number of calendar months after the month of the first
-- order; net revenue (money) per customer up to its end, over all cohorts that are old
-- enough, and the percentage of them who ordered in the month. Later rows rest on
-- fewer, older cohorts. The first month of the data is left out: most of its customers
-- are not new.
with
    cohort_months as (
        select *
        from {{ ref("cohort_retention") }}
        where is_complete and not is_first_cohort
    ),

    months as (
        select
            months_since,
            count(*) as cohort_count,
            cast(sum(cohort_customer_count) as bigint) as customer_count,
            sum(cumulative_revenue) as cumulative_revenue,
            sum(customer_count) as active_customer_count
        from cohort_months
        group by months_since
    ),

    readable as (
        select
            months_since,
            cohort_count,
            customer_count,
            round(
                cast(cumulative_revenue as double) / customer_count, 2
            ) as revenue_per_customer,
            round(100.0 * active_customer_count / customer_count, 1) as active_pct
        from months
    )

select *
from readable
order by months_since
