{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. How many different products each customer had
-- bought by each feature date.
-- First purchases, two for three lines, are counted and not kept; lines are read again
-- for the few that were reversed on a later day.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    first_purchases as (
        select
            transactions.customer_id,
            transactions.stock_code,
            min(transactions.occurred_date) as sold_date
        from {{ ref("int_transactions_classified") }} as transactions
        left join
            {{ ref("int_returns_matched") }} as reversals
            on transactions.line_id = reversals.sale_line_id
            and reversals.is_reversal
        where transactions.disposition = 'sale' and reversals.sale_line_id is null
        group by transactions.customer_id, transactions.stock_code
    ),

    -- counted by the date of their first purchase, so that many as-of dates cost little
    new_products as (
        select customer_id, sold_date, count(*) as product_count
        from first_purchases
        group by customer_id, sold_date
    ),

    products_of_standing_lines as (
        select
            feature_dates.as_of_date,
            new_products.customer_id,
            sum(new_products.product_count) as product_count
        from new_products
        inner join feature_dates on new_products.sold_date < feature_dates.as_of_date
        group by feature_dates.as_of_date, new_products.customer_id
    ),

    lines_reversed_later as (
        select
            transactions.customer_id,
            transactions.stock_code,
            transactions.occurred_date as sold_date,
            reversals.returned_date as reversed_date
        from {{ ref("int_transactions_classified") }} as transactions
        inner join
            {{ ref("int_returns_matched") }} as reversals
            on transactions.line_id = reversals.sale_line_id
            and reversals.is_reversal
            and transactions.occurred_date < reversals.returned_date
    ),

    -- the other lines of their products
    standing_lines as (
        select
            transactions.customer_id,
            transactions.stock_code,
            min(transactions.occurred_date) as sold_date
        from {{ ref("int_transactions_classified") }} as transactions
        inner join
            (
                select distinct customer_id, stock_code from lines_reversed_later
            ) as reversed_products
            on transactions.customer_id = reversed_products.customer_id
            and transactions.stock_code = reversed_products.stock_code
        left join
            {{ ref("int_returns_matched") }} as reversals
            on transactions.line_id = reversals.sale_line_id
            and reversals.is_reversal
        where transactions.disposition = 'sale' and reversals.sale_line_id is null
        group by transactions.customer_id, transactions.stock_code
    ),

    -- between their sale and their reversal, of products that no other line has yet
    products_of_lines_reversed_later as (
        select
            feature_dates.as_of_date,
            lines_reversed_later.customer_id,
            count(distinct lines_reversed_later.stock_code) as product_count
        from lines_reversed_later
        inner join
            feature_dates
            on {{ stands_on_date("lines_reversed_later", "feature_dates.as_of_date") }}
        left join
            standing_lines
            on lines_reversed_later.customer_id = standing_lines.customer_id
            and lines_reversed_later.stock_code = standing_lines.stock_code
            and standing_lines.sold_date < feature_dates.as_of_date
        where standing_lines.stock_code is null
        group by feature_dates.as_of_date, lines_reversed_later.customer_id
    ),

    counted as (
        select as_of_date, customer_id, product_count
        from products_of_standing_lines
        union all
        select as_of_date, customer_id, product_count
        from products_of_lines_reversed_later
    ),

    products_as_of as (
        select
            as_of_date,
            customer_id,
            cast(sum(product_count) as integer) as product_count
        from counted
        group by as_of_date, customer_id
    )

select *
from products_as_of
