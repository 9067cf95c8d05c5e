-- Grain: one row per observation. What is odd in the input but decides about no row.
with
    transactions as (select * from {{ ref("stg_transactions") }}),

    classified as (select * from {{ ref("int_transactions_classified") }}),

    repeated as (
        select source_file_number, count(*) - 1 as repetition_count
        from transactions
        group by
            source_file_number,
            order_id,
            stock_code,
            description,
            quantity,
            occurred_at,
            price,
            customer_id,
            country
        having count(*) > 1
    ),

    orders as (
        select
            order_id,
            count(distinct occurred_at) as time_count,
            count(distinct customer_id) as customer_count
        from classified
        where order_id is not null and disposition <> 'overlap'
        group by order_id
    ),

    customers as (
        select customer_id, count(distinct country) as country_count
        from transactions
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
        where time_count > 1
        union all
        select
            'invoices with several customers',
            'Invoices booked on more than one customer. The mart orders takes the first by key; customer marts count the lines of each.',
            count(*)
        from orders
        where customer_count > 1
        union all
        select
            'customers with several countries',
            'Customers who ordered from more than one country. The dimension takes the one with the largest spend.',
            count(*)
        from customers
        where country_count > 1
        union all
        select
            'rows without description',
            'Rows whose description is empty or one of var missing_description_words. The product takes its most frequent description from other rows.',
            count(*)
        from transactions
        where description is null
        union all
        select
            'rows without customer',
            'Rows without a customer id. They count in sales, not in customer marts.',
            count(*)
        from transactions
        where customer_id is null
    )

select *
from observations
