{{
    config(
        materialized="refreshed",
        meta={
            "refresh": {
                "rows": "files",
                "key": "line_id",
                "inputs": {"stg_transactions": "line_id"},
            }
        },
    )
}}

-- Grain: one row per raw row. Its disposition from the row itself and its file;
-- reversals, which need a second row, are found in int_returns_matched.
with
    transactions as (select * from {{ ref("stg_transactions") }}),

    non_product_codes as (select * from {{ ref("non_product_codes") }}),

    stock_codes as (
        select distinct stock_code
        from {{ ref("stg_transactions") }}
        where stock_code is not null
    ),

    -- one test per code, not per row
    non_products as (
        select distinct stock_codes.stock_code
        from stock_codes
        inner join
            non_product_codes
            on (
                non_product_codes.match = 'exact'
                and stock_codes.stock_code = non_product_codes.stock_code
            )
            or (
                non_product_codes.match = 'prefix'
                and instr(stock_codes.stock_code, non_product_codes.stock_code) = 1
            )
    ),

    invoices_in_several_files as (
        select order_id, min(source_file_number) as first_file_number
        from {{ ref("stg_transactions") }}
        group by order_id
        having min(source_file_number) < max(source_file_number)
    ),

    {% if var("drop_duplicate_lines") %}
        repeated_lines as (
            select
                line_id,
                row_number() over (
                    partition by
                        source_file_number,
                        order_id,
                        stock_code,
                        description,
                        quantity,
                        occurred_at,
                        price,
                        customer_id,
                        country
                    order by line_id
                ) as repetition
            from {{ ref("stg_transactions") }}
        ),

    {% endif %}
    classified as (
        select
            transactions.line_id,
            transactions.source_file_number,
            transactions.order_id,
            transactions.stock_code,
            transactions.description,
            transactions.customer_id,
            transactions.country,
            transactions.quantity,
            transactions.price,
            transactions.amount,
            transactions.occurred_at,
            transactions.occurred_date,
            case
                when transactions.parse_error is not null
                then transactions.parse_error
                when
                    transactions.order_id is null
                    or transactions.stock_code is null
                    or transactions.occurred_date is null
                    or transactions.quantity is null
                    or transactions.price is null
                then 'missing_value'
                when
                    transactions.occurred_date
                    < date '{{ var("earliest_plausible_date") }}'
                    or transactions.occurred_date
                    >= date '{{ var("latest_plausible_date") }}'
                then 'implausible_date'
                {% if var("drop_cross_file_overlap") %}
                    when
                        transactions.source_file_number
                        > invoices_in_several_files.first_file_number
                    then 'overlap'
                {% endif %}
                {% if var("drop_duplicate_lines") %}
                    when repeated_lines.repetition > 1 then 'duplicate_line'
                {% endif %}
                {% if var("adjustment_prefix") %}
                    when transactions.order_id like '{{ var("adjustment_prefix") }}%'
                    then 'adjustment'
                {% endif %}
                {% if var("exclude_non_products") %}
                    when non_products.stock_code is not null then 'non_product'
                {% endif %}
                when transactions.price < 0
                then 'negative_price'
                when transactions.quantity = 0
                then 'zero_quantity'
                when transactions.price = 0 and transactions.quantity < 0
                then 'stock_movement'
                when transactions.price = 0
                then 'unpriced'
                when transactions.quantity < 0 and transactions.customer_id is null
                then 'anonymous_return'
                when transactions.quantity < 0
                then 'return'
                {% if var("cancellation_prefix") %}
                    when transactions.order_id like '{{ var("cancellation_prefix") }}%'
                    then 'ambiguous_cancellation'
                {% endif %}
                when transactions.customer_id is null
                then 'anonymous_sale'
                else 'sale'
            end as disposition
        from transactions
        left join
            invoices_in_several_files
            on transactions.order_id = invoices_in_several_files.order_id
        left join non_products on transactions.stock_code = non_products.stock_code
        {% if var("drop_duplicate_lines") %}
            left join repeated_lines on transactions.line_id = repeated_lines.line_id
        {% endif %}
    )

select *
from classified
