{% set windows = {
    "last_90d": [90, 0],
    "previous_90d": [180, 90],
    "same_90d_last_year": [455, 365],
    "last_365d": [365, 0],
} %}

-- Grain: one row per category of the taxonomy in force, unsold ones included, and
-- OTHER where a line has it.
with
    returns as (select * from {{ ref("returns") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    sold_and_returned as (
        select
            category,
            stock_code,
            order_id,
            customer_id,
            unit_price,
            sold_date,
            sold_date as booked_date,
            gross_quantity,
            gross_revenue,
            gross_revenue as net_amount,
            0 as returned_quantity
        from {{ ref("int_order_line_categories") }}
        union all
        select
            line_categories.category,
            returns.stock_code,
            null as order_id,
            null as customer_id,
            null as unit_price,
            null as sold_date,
            returns.returned_date as booked_date,
            0 as gross_quantity,
            0 as gross_revenue,
            0 - returns.returned_revenue as net_amount,
            returns.returned_quantity
        from returns
        inner join
            {{ ref("int_line_categories") }} as line_categories
            on returns.return_line_id = line_categories.line_id
    ),

    summed as (
        select
            sold_and_returned.category,
            count(distinct sold_and_returned.stock_code) as product_count,
            count(sold_and_returned.order_id) as line_count,
            count(distinct sold_and_returned.order_id) as order_count,
            count(distinct sold_and_returned.customer_id) as customer_count,
            sum(sold_and_returned.gross_quantity) as gross_quantity,
            sum(sold_and_returned.returned_quantity) as returned_quantity,
            sum(sold_and_returned.gross_revenue) as gross_revenue,
            sum(sold_and_returned.net_amount) as revenue,
            percentile_cont(0.5) within group (
                order by cast(sold_and_returned.unit_price as double)
            ) as median_unit_price,
            min(sold_and_returned.sold_date) as first_sold_date,
            max(sold_and_returned.sold_date) as last_sold_date
            {% for name, days in windows.items() %}
                ,
                sum(
                    case
                        when
                            sold_and_returned.booked_date
                            >= {{ add_days("scoring_date.as_of_date", -days[0]) }}
                            and sold_and_returned.booked_date
                            < {{ add_days("scoring_date.as_of_date", -days[1]) }}
                        then sold_and_returned.net_amount
                        else 0
                    end
                ) as revenue_{{ name }}
            {% endfor %}
        from sold_and_returned
        cross join scoring_date
        group by sold_and_returned.category
    ),

    categories as (
        select category
        from {{ ref("product_category_rules") }}
        where taxonomy = '{{ var("category_taxonomy") }}'
        union
        select category
        from summed
    ),

    category_performance as (
        select
            categories.category,
            cast(coalesce(summed.product_count, 0) as bigint) as product_count,
            cast(coalesce(summed.line_count, 0) as bigint) as line_count,
            cast(coalesce(summed.order_count, 0) as bigint) as order_count,
            cast(coalesce(summed.customer_count, 0) as bigint) as customer_count,
            cast(coalesce(summed.gross_quantity, 0) as bigint) as gross_quantity,
            cast(coalesce(summed.returned_quantity, 0) as bigint) as returned_quantity,
            cast(coalesce(summed.gross_revenue, 0) as decimal(18, 4)) as gross_revenue,
            cast(coalesce(summed.revenue, 0) as decimal(18, 4)) as revenue,
            cast(coalesce(summed.revenue, 0) as double)
            / nullif(cast(sum(summed.revenue) over () as double), 0) as revenue_share,
            cast(summed.revenue as double)
            / nullif(summed.order_count, 0) as avg_order_value,
            cast(summed.returned_quantity as double)
            / nullif(summed.gross_quantity, 0) as return_rate,
            summed.median_unit_price,
            summed.first_sold_date,
            summed.last_sold_date
            {% for name in windows %}
                ,
                cast(
                    coalesce(summed.revenue_{{ name }}, 0) as decimal(18, 4)
                ) as revenue_{{ name }}
            {% endfor %}
        from categories
        left join summed on categories.category = summed.category
    )

select *
from category_performance
