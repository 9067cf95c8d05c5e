{{ config(materialized="table") }}

-- Grain: as_of_date, customer_id. Features 10 to 23: baskets, products, categories,
-- rhythm.
with
    rfm_scores as (select * from {{ ref("int_rfm_scores") }}),

    baskets as (
        select
            as_of_date,
            customer_id,
            count(*) as order_count,
            cast(sum(unit_count) as double) as unit_count,
            cast(sum(line_count) as double) as line_count,
            cast(sum(price_sum) as double) as price_sum,
            max(unit_count) as max_quantity_single_txn
        from {{ ref("int_orders_as_of") }}
        group by as_of_date, customer_id
    ),

    -- aggregates and a join: windows would sort every customer's categories
    category_totals as (
        select
            as_of_date,
            customer_id,
            count(*) as category_count,
            max(revenue) as highest_revenue,
            -- categories from which everything came back have no share
            cast(sum(greatest(revenue, 0)) as double) as kept_revenue
        from {{ ref("customer_category_shares") }}
        group by as_of_date, customer_id
    ),

    kept_shares as (
        select
            category_shares.as_of_date,
            category_shares.customer_id,
            category_shares.category,
            category_totals.category_count,
            category_shares.revenue = category_totals.highest_revenue as is_highest,
            cast(greatest(category_shares.revenue, 0) as double)
            / nullif(category_totals.kept_revenue, 0) as kept_share
        from {{ ref("customer_category_shares") }} as category_shares
        inner join
            category_totals
            on category_shares.as_of_date = category_totals.as_of_date
            and category_shares.customer_id = category_totals.customer_id
    ),

    categories as (
        select
            as_of_date,
            customer_id,
            max(category_count) as category_count,
            min(case when is_highest then category end) as top_category,
            -- decimals, since their sum does not depend on the order of rows
            - cast(
                sum(
                    case
                        when kept_share > 0
                        then cast(kept_share * ln(kept_share) as decimal(18, 15))
                        when kept_share = 0
                        then 0
                    end
                ) as double
            ) as category_entropy
        from kept_shares
        group by as_of_date, customer_id
    ),

    features as (
        select
            baskets.as_of_date,
            baskets.customer_id,
            baskets.unit_count / baskets.order_count as avg_basket_size,
            cast(rfm_scores.monetary as double) / baskets.order_count as aov,
            baskets.price_sum / baskets.line_count as avg_item_price,
            products.product_count as unique_products,
            cast(categories.category_count as integer) as unique_categories,
            categories.top_category,
            -- a single category gives -0.0
            abs(categories.category_entropy) as category_entropy,
            purchase_dates.date_count as days_active,
            purchase_dates.avg_gap_days as avg_inter_purchase_days,
            cast(
                purchase_dates.median_gap_days as double
            ) as median_inter_purchase_days,
            purchase_dates.std_gap_days as std_inter_purchase_days,
            baskets.max_quantity_single_txn
            > {{ var("bulk_order_units") }} as is_bulk_buyer,
            baskets.max_quantity_single_txn,
            baskets.order_count
        from baskets
        inner join
            rfm_scores
            on baskets.as_of_date = rfm_scores.as_of_date
            and baskets.customer_id = rfm_scores.customer_id
        inner join
            {{ ref("int_purchase_dates_as_of") }} as purchase_dates
            on baskets.as_of_date = purchase_dates.as_of_date
            and baskets.customer_id = purchase_dates.customer_id
        inner join
            {{ ref("int_products_as_of") }} as products
            on baskets.as_of_date = products.as_of_date
            and baskets.customer_id = products.customer_id
        left join
            categories
            on baskets.as_of_date = categories.as_of_date
            and baskets.customer_id = categories.customer_id
    )

select
    as_of_date,
    customer_id,
    avg_basket_size,
    aov,
    avg_item_price,
    unique_products,
    unique_categories,
    cast(unique_products as double) / order_count as product_diversity,
    top_category,
    category_entropy,
    days_active,
    avg_inter_purchase_days,
    median_inter_purchase_days,
    std_inter_purchase_days,
    is_bulk_buyer,
    max_quantity_single_txn
from features
