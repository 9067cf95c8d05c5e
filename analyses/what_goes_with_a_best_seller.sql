-- What is bought with the ten products in most orders, and is it more than chance?
with
    best_sellers as (
        select stock_code, description, order_count
        from {{ ref("products") }}
        order by order_count desc, stock_code asc
        limit 10
    ),

    partners as (
        select
            stock_code_a as stock_code,
            description_b as partner,
            confidence_a_to_b as share_of_orders,
            lift
        from {{ ref("product_pairs") }}
        where is_significant
        union all
        select stock_code_b, description_a, confidence_b_to_a, lift
        from {{ ref("product_pairs") }}
        where is_significant
    ),

    ranked as (
        select
            best_sellers.description,
            partners.partner,
            partners.share_of_orders,
            partners.lift,
            row_number() over (
                partition by best_sellers.stock_code
                order by partners.lift desc, partners.partner asc
            ) as place
        from best_sellers
        inner join partners on best_sellers.stock_code = partners.stock_code
    )

select *
from ranked
where place <= 3
order by description, place
