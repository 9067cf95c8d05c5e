-- Grain: one row per customer_id, list and rank. Products to buy again and products
-- that are new to the customer, kept apart; only what is still sold.
with
    recommendations as (select * from {{ ref("py_product_recommendations") }}),

    products as (select * from {{ ref("products") }}),

    product_recommendations as (
        select
            cast(recommendations.customer_id as string) as customer_id,
            cast(recommendations.list as string) as list,
            cast(recommendations.rank as integer) as rank,
            cast(recommendations.stock_code as string) as stock_code,
            products.description,
            products.category,
            cast(recommendations.score as double) as score,
            cast(recommendations.is_due as boolean) as is_due,
            cast(recommendations.bought_on_days as bigint) as bought_on_days,
            cast(recommendations.days_since_bought as bigint) as days_since_bought,
            cast(recommendations.usual_gap_days as double) as usual_gap_days,
            cast(recommendations.because_stock_code as string) as because_stock_code,
            because.description as because_description,
            cast(recommendations.orders_together as bigint) as orders_together
        from recommendations
        inner join products on recommendations.stock_code = products.stock_code
        left join
            products as because
            on recommendations.because_stock_code = because.stock_code
    )

select
    *,
    case
        when list = 'new_for_you'
        then
            concat(
                'In ',
                cast(orders_together as string),
                case when orders_together = 1 then ' order' else ' orders' end,
                ' together with ',
                coalesce(because_description, because_stock_code),
                ', which the customer has bought.'
            )
        else
            concat(
                'Bought on ',
                cast(bought_on_days as string),
                case when bought_on_days = 1 then ' day' else ' days' end,
                ', last ',
                cast(days_since_bought as string),
                case when days_since_bought = 1 then ' day' else ' days' end,
                ' ago',
                case
                    when usual_gap_days is null
                    then ''
                    else
                        concat(
                            '; usually bought again after ',
                            cast(cast(round(usual_gap_days) as bigint) as string),
                            ' days',
                            case when is_due then ': due' else '' end
                        )
                end,
                '.'
            )
    end as reason
from product_recommendations
