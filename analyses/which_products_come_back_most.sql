-- Which products come back most?
-- How to read: the 50 products that most more customers returned than the shop's
-- average lets expect (excess_customer_count). customer_return_pct is customers who
-- returned it per 100 who bought it; unit_return_pct is units returned per 100 sold;
-- returned_revenue is money. A largest_return_pct near 100 means that one return
-- made nearly all of that money. Known customers only, except in units and money.
with
    products as (select * from {{ ref("products") }}),

    returns as (select * from {{ ref("returns") }}),

    returns_by_product as (
        select
            stock_code,
            count(distinct customer_id) as returning_customer_count,
            sum(returned_revenue) as returned_revenue,
            max(returned_revenue) as largest_returned_revenue
        from returns
        group by stock_code
    ),

    products_with_returns as (
        select
            products.stock_code,
            products.description,
            products.category,
            products.customer_count,
            products.return_rate,
            coalesce(
                returns_by_product.returning_customer_count, 0
            ) as returning_customer_count,
            returns_by_product.returned_revenue,
            returns_by_product.largest_returned_revenue
        from products
        left join
            returns_by_product on products.stock_code = returns_by_product.stock_code
    ),

    shop_average as (
        select
            cast(sum(returning_customer_count) as double)
            / nullif(sum(customer_count), 0) as customer_return_share
        from products_with_returns
    ),

    products_compared as (
        select
            products_with_returns.stock_code,
            products_with_returns.description,
            products_with_returns.category,
            products_with_returns.customer_count,
            products_with_returns.returning_customer_count,
            round(
                100.0
                * products_with_returns.returning_customer_count
                / nullif(products_with_returns.customer_count, 0),
                1
            ) as customer_return_pct,
            round(
                products_with_returns.returning_customer_count
                - shop_average.customer_return_share
                * products_with_returns.customer_count,
                1
            ) as excess_customer_count,
            round(100.0 * products_with_returns.return_rate, 1) as unit_return_pct,
            round(products_with_returns.returned_revenue, 2) as returned_revenue,
            round(
                100.0
                * cast(products_with_returns.largest_returned_revenue as double)
                / nullif(cast(products_with_returns.returned_revenue as double), 0),
                0
            ) as largest_return_pct
        from products_with_returns
        cross join shop_average
        where products_with_returns.returning_customer_count > 0
    )

select *
from products_compared
order by excess_customer_count desc, stock_code asc
limit 50
