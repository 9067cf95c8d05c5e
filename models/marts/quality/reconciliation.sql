-- Grain: one row per check (check_name). Two independent ways to the same total; the
-- difference must be zero.
with
    raw_rows as (select * from {{ ref("stg_transactions") }}),

    ledger as (select * from {{ ref("data_quality_ledger") }}),

    order_lines as (select * from {{ ref("order_lines") }}),

    orders as (select * from {{ ref("orders") }}),

    returns as (select * from {{ ref("returns") }}),

    products as (select * from {{ ref("products") }}),

    raw_totals as (
        select
            count(*) as row_count,
            sum(quantity) as unit_count,
            sum(cast(quantity as decimal(20, 0)) * price) as amount
        from raw_rows
    ),

    ledger_totals as (
        select
            sum(row_count) as row_count,
            sum(unit_count) as unit_count,
            sum(amount) as amount,
            sum(
                case
                    when disposition in ('sale', 'anonymous_sale') then amount else 0
                end
            ) as sales,
            sum(
                case
                    when disposition in ('return', 'anonymous_return')
                    then amount
                    else 0
                end
            ) as returns,
            sum(case when outcome = 'reversed' then amount else 0 end) as reversed
        from ledger
    ),

    line_totals as (
        select sum(gross_revenue) as gross_revenue, sum(revenue) as revenue
        from order_lines
    ),

    order_totals as (
        select sum(gross_revenue) as gross_revenue, sum(revenue) as revenue from orders
    ),

    return_totals as (
        select
            sum(returned_revenue) as returned_revenue,
            sum(
                case when is_matched then returned_revenue else 0 end
            ) as matched_revenue
        from returns
    ),

    product_totals as (select sum(revenue) as revenue from products),

    checks as (
        select
            'raw rows = rows in the ledger' as check_name,
            raw_totals.row_count as expected,
            ledger_totals.row_count as found
        from raw_totals
        cross join ledger_totals
        union all
        select
            'raw units = units in the ledger',
            raw_totals.unit_count,
            ledger_totals.unit_count
        from raw_totals
        cross join ledger_totals
        union all
        select
            'raw amount = amount in the ledger', raw_totals.amount, ledger_totals.amount
        from raw_totals
        cross join ledger_totals
        union all
        select
            'reversed sales and their cancellations cancel out',
            0,
            ledger_totals.reversed
        from ledger_totals
        union all
        select
            'sales in the ledger = gross revenue of order_lines',
            ledger_totals.sales,
            line_totals.gross_revenue
        from ledger_totals
        cross join line_totals
        union all
        select
            'gross revenue of order_lines = of orders',
            line_totals.gross_revenue,
            order_totals.gross_revenue
        from line_totals
        cross join order_totals
        union all
        select
            'returns in the ledger = returns',
            - ledger_totals.returns,
            return_totals.returned_revenue
        from ledger_totals
        cross join return_totals
        union all
        select
            'gross revenue less matched returns = revenue of orders',
            line_totals.gross_revenue - coalesce(return_totals.matched_revenue, 0),
            order_totals.revenue
        from line_totals
        cross join return_totals
        cross join order_totals
        union all
        select
            'sales less all returns = revenue of products',
            line_totals.gross_revenue - coalesce(return_totals.returned_revenue, 0),
            product_totals.revenue
        from line_totals
        cross join return_totals
        cross join product_totals
    ),

    compared as (
        select
            check_name,
            cast(coalesce(expected, 0) as decimal(18, 4)) as expected,
            cast(coalesce(found, 0) as decimal(18, 4)) as found,
            cast(
                coalesce(found, 0) - coalesce(expected, 0) as decimal(18, 4)
            ) as difference
        from checks
    )

select *
from compared
