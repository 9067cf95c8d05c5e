-- Grain: one row per percent of the customers, the most valuable first, and 0.
with
    customers as (
        select customer_id, monetary, as_of_date from {{ ref("customer_rfm") }}
    ),

    ranked as (
        select
            as_of_date,
            monetary,
            row_number() over (order by monetary desc, customer_id asc) as position,
            count(*) over () as customer_count,
            sum(monetary) over () as all_revenue,
            sum(monetary) over (
                order by monetary desc, customer_id asc
                rows between unbounded preceding and current row
            ) as top_revenue
        from customers
    ),

    -- Gini coefficient from the ranks, which are exact integers
    inequality as (
        select
            cast(
                sum(
                    cast(customer_count + 1 - 2 * position as decimal(18, 0))
                    * cast(monetary as decimal(18, 4))
                ) as double
            )
            / nullif(max(customer_count) * cast(max(all_revenue) as double), 0) as gini
        from ranked
    ),

    percents as (
        select
            cast(
                floor((100 * position + customer_count - 1) / customer_count) as integer
            ) as percent,
            max(as_of_date) as as_of_date,
            max(position) as customer_count,
            max(customer_count) as all_customer_count,
            max(all_revenue) as all_revenue,
            min(monetary) as lowest_revenue
        from ranked
        group by
            cast(
                floor((100 * position + customer_count - 1) / customer_count) as integer
            )
    ),

    reached as (
        select
            percents.as_of_date,
            percents.percent,
            percents.customer_count,
            percents.all_customer_count,
            percents.all_revenue,
            percents.lowest_revenue,
            ranked.top_revenue
        from percents
        inner join ranked on percents.customer_count = ranked.position
        union all
        select
            max(as_of_date),
            0,
            0,
            max(all_customer_count),
            max(all_revenue),
            null,
            cast(0 as decimal(18, 4))
        from percents
    ),

    report_revenue_concentration as (
        select
            reached.as_of_date,
            reached.percent,
            cast(reached.customer_count as bigint) as customer_count,
            cast(reached.customer_count as double)
            / reached.all_customer_count as customer_share,
            cast(reached.top_revenue as decimal(18, 4)) as top_revenue,
            cast(reached.top_revenue as double)
            / nullif(cast(reached.all_revenue as double), 0) as top_revenue_share,
            1e0
            - cast(reached.customer_count as double)
            / reached.all_customer_count as rest_customer_share,
            1e0
            - cast(reached.top_revenue as double)
            / nullif(cast(reached.all_revenue as double), 0) as rest_revenue_share,
            reached.lowest_revenue,
            inequality.gini
        from reached
        cross join inequality
        where reached.as_of_date is not null
    )

select *
from report_revenue_concentration
