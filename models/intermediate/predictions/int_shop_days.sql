{{ config(materialized="table") }}

-- Grain: one row per sold_date with a kept sale line before the scoring date. What the
-- whole shop sold, anonymous orders included.
with
    transactions as (select * from {{ ref("int_transactions_classified") }}),

    returns_matched as (
        select sale_line_id, returned_date
        from {{ ref("int_returns_matched") }}
        where is_reversal
    ),

    scoring_dates as (
        select * from {{ ref("int_prediction_dates") }} where is_scoring_date
    ),

    sale_lines as (
        select
            transactions.order_id,
            transactions.occurred_date as sold_date,
            transactions.amount
        from transactions
        cross join scoring_dates
        left join returns_matched on transactions.line_id = returns_matched.sale_line_id
        where
            transactions.disposition in ('sale', 'anonymous_sale')
            and transactions.occurred_date < scoring_dates.as_of_date
            -- what was reversed by the scoring date was no purchase
            and (
                returns_matched.returned_date is null
                or returns_matched.returned_date >= scoring_dates.as_of_date
            )
    ),

    shop_days as (
        select
            sold_date,
            cast(count(distinct order_id) as bigint) as order_count,
            cast(
                sum(
                    case
                        when amount < {{ var("large_order_line_revenue") }}
                        then amount
                        else 0
                    end
                ) as decimal(18, 4)
            ) as revenue,
            cast(
                sum(
                    case
                        when amount >= {{ var("large_order_line_revenue") }}
                        then amount
                        else 0
                    end
                ) as decimal(18, 4)
            ) as large_line_revenue
        from sale_lines
        group by sold_date
    )

select *
from shop_days
