-- Grain: one row per step from the raw rows of the source to the revenue of the mart
-- orders. Each change is a row of data_quality_ledger, but the last.
with
    ledger as (select * from {{ ref("data_quality_ledger") }}),

    orders as (select * from {{ ref("orders") }}),

    net as (
        select
            sum(case when outcome = 'kept' then amount else 0 end) as amount,
            sum(case when outcome = 'kept' then row_count else 0 end) as row_count
        from ledger
    ),

    order_totals as (select coalesce(sum(revenue), 0) as revenue from orders),

    steps as (
        select
            1 as part,
            'All rows of the source' as step,
            'total' as kind,
            cast(null as string) as disposition,
            'Quantity times price of every row, as it came.' as reason,
            sum(row_count) as row_count,
            sum(amount) as amount
        from ledger
        union all
        select
            2,
            replace(disposition, '_', ' '),
            'change',
            disposition,
            reason,
            row_count,
            0 - amount
        from ledger
        where outcome <> 'kept' and amount <> 0
        union all
        select
            3,
            'Sales less returns',
            'total',
            null,
            'All rows that count: sales and returns, with and without a customer.',
            row_count,
            amount
        from net
        union all
        select
            4,
            'returns without a sale',
            'change',
            null,
            'Returns of goods whose sale is not in the data reduce no order.',
            null,
            order_totals.revenue - net.amount
        from net
        cross join order_totals
        where order_totals.revenue <> net.amount
        union all
        select
            5,
            'Net revenue of orders',
            'total',
            null,
            'What the mart orders adds up to: gross revenue less the returns matched to it.',
            null,
            revenue
        from order_totals
    ),

    ordered as (
        select
            steps.*,
            row_number() over (
                order by part asc, abs(amount) desc, step asc
            ) as step_order
        from steps
    ),

    running as (
        select
            ordered.*,
            case
                when kind = 'total'
                then amount
                else
                    sum(
                        case when kind = 'change' or part = 1 then amount else 0 end
                    ) over (
                        order by step_order
                        rows between unbounded preceding and current row
                    )
            end as running_to
        from ordered
    ),

    report_revenue_bridge as (
        select
            cast(step_order as integer) as step_order,
            step,
            kind,
            disposition,
            reason,
            cast(row_count as bigint) as row_count,
            cast(amount as decimal(18, 4)) as amount,
            cast(
                case when kind = 'total' then 0 else running_to - amount end as decimal(
                    18, 4
                )
            ) as running_from,
            cast(running_to as decimal(18, 4)) as running_to
        from running
    )

select *
from report_revenue_bridge
