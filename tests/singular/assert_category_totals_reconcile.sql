-- A failure means that a line or its money counts for no category, or for several.
with
    categories as (
        select
            sum(line_count) as line_count,
            sum(gross_revenue) as gross_revenue,
            sum(revenue) as revenue
        from {{ ref("category_performance") }}
    ),

    orders as (
        select sum(line_count) as line_count, sum(gross_revenue) as gross_revenue
        from {{ ref("orders") }}
    ),

    products as (select sum(revenue) as revenue from {{ ref("products") }}),

    segment_categories as (
        select sum(revenue) as revenue from {{ ref("segment_category_shares") }}
    ),

    customer_categories as (
        select sum(customer_category_shares.revenue) as revenue
        from {{ ref("customer_category_shares") }} as customer_category_shares
        inner join
            {{ ref("int_as_of_dates") }} as as_of_dates
            on customer_category_shares.as_of_date = as_of_dates.as_of_date
            and as_of_dates.is_scoring_date
    )

select 'lines' as total, orders.line_count as expected, categories.line_count as found
from orders
cross join categories
where orders.line_count <> categories.line_count
union all
select 'gross revenue', orders.gross_revenue, categories.gross_revenue
from orders
cross join categories
where orders.gross_revenue <> categories.gross_revenue
union all
select 'revenue', products.revenue, categories.revenue
from products
cross join categories
where products.revenue <> categories.revenue
union all
select 'revenue of segments', customer_categories.revenue, segment_categories.revenue
from customer_categories
cross join segment_categories
where customer_categories.revenue <> segment_categories.revenue
