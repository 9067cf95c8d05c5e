-- A row means that an opportunity counts a customer whom another counts too, or brings
-- more than the revenue it draws on, or draws on more than its customers would spend.
with
    insights as (select * from {{ ref("insights") }}),

    opportunity_customers as (
        select *
        from {{ ref("int_opportunity_customers") }}
        where opportunity is not null
    ),

    scores as (select * from {{ ref("customer_scores") }}),

    audiences as (
        select
            opportunity_customers.opportunity,
            count(distinct opportunity_customers.customer_id) as customer_count,
            sum(opportunity_customers.expected_value) as expected_value,
            sum(opportunity_customers.drawn_from) as drawn_from,
            sum(
                cast(scores.value_if_active_90d as decimal(18, 4)) + 0.01
            ) as value_if_active
        from opportunity_customers
        inner join scores on opportunity_customers.customer_id = scores.customer_id
        group by opportunity_customers.opportunity
    ),

    totals as (
        select
            (
                select count(distinct customer_id) from opportunity_customers
            ) as distinct_customer_count,
            (select coalesce(sum(customer_count), 0) from insights) as customer_count
    )

select insights.insight, 'does not add up' as failure
from insights
full outer join audiences on insights.insight = audiences.opportunity
where
    coalesce(insights.customer_count, -1) <> audiences.customer_count
    or insights.expected_value <> audiences.expected_value
    or insights.expected_value > insights.drawn_from
    or insights.expected_value_high > insights.drawn_from
    or insights.expected_value_low > insights.expected_value_high
    or audiences.drawn_from > audiences.value_if_active
union all
select 'all insights' as insight, 'count a customer twice' as failure
from totals
where customer_count <> distinct_customer_count
