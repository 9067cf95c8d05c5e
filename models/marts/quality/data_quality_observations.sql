-- Grain: one row per observation. What is odd in the input but decides about no row.
with
    -- few lines share order and product with another: all columns are compared of
    -- these only
    repeated_products as (
        select
            source_file_number,
            coalesce(order_id, '') as order_id,
            coalesce(stock_code, '') as stock_code
        from {{ ref("int_transactions_classified") }}
        group by source_file_number, coalesce(order_id, ''), coalesce(stock_code, '')
        having count(*) > 1
    ),

    repeated as (
        select transactions.source_file_number, count(*) - 1 as repetition_count
        from {{ ref("int_transactions_classified") }} as transactions
        inner join
            repeated_products
            on transactions.source_file_number = repeated_products.source_file_number
            and coalesce(transactions.order_id, '') = repeated_products.order_id
            and coalesce(transactions.stock_code, '') = repeated_products.stock_code
        group by
            transactions.source_file_number,
            transactions.order_id,
            transactions.stock_code,
            transactions.description,
            transactions.quantity,
            transactions.occurred_at,
            transactions.price,
            transactions.customer_id,
            transactions.country
        having count(*) > 1
    ),

    -- several values: the first is not the last
    orders as (
        select
            order_id,
            min(occurred_at) < max(occurred_at) as has_several_times,
            min(customer_id) < max(customer_id) as has_several_customers
        from {{ ref("int_transactions_classified") }}
        where order_id is not null and disposition <> 'overlap'
        group by order_id
    ),

    customers as (
        select customer_id, min(country) < max(country) as has_several_countries
        from {{ ref("int_transactions_classified") }}
        where customer_id is not null
        group by customer_id
    ),

    observations as (
        select
            'repeated lines' as observation,
            'Lines equal in every column to an earlier line of the same file. Kept, since a line may really repeat; var drop_duplicate_lines sets them aside.'
            as explanation,
            cast(coalesce(sum(repetition_count), 0) as bigint) as found_count
        from repeated
        union all
        select
            'invoices with several times',
            'Invoices whose lines carry more than one time. The order takes the first.',
            count(*)
        from orders
        where has_several_times
        union all
        select
            'invoices with several customers',
            'Invoices booked on more than one customer. The mart orders takes the first by key; customer marts count the lines of each.',
            count(*)
        from orders
        where has_several_customers
        union all
        select
            'customers with several countries',
            'Customers who ordered from more than one country. The dimension takes the one with the largest spend.',
            count(*)
        from customers
        where has_several_countries
        union all
        select
            'rows without description',
            'Rows whose description is empty or one of var missing_description_words. The product takes its most frequent description from other rows.',
            count(*)
        from {{ ref("int_transactions_classified") }}
        where description is null
        union all
        select
            'rows without customer',
            'Rows without a customer id. They count in sales, not in customer marts.',
            count(*)
        from {{ ref("int_transactions_classified") }}
        where customer_id is null
    )

select *
from observations
