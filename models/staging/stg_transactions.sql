{{
    config(
        meta={
            "refresh": {"row_of": {"table": "py_raw_transactions", "key": line_id()}}
        }
    )
}}

-- Grain: one row per raw row of the input. Renamed, trimmed and keyed; nothing is
-- judged here.
with
    transactions as (select * from {{ ref("py_raw_transactions") }}),

    renamed as (
        select
            {{ line_id() }} as line_id,
            source_file,
            source_file_number,
            source_row_number,
            upper({{ trimmed("invoice") }}) as order_id,
            upper({{ trimmed("stock_code") }}) as stock_code,
            case
                when
                    lower(trim(description)) in (
                        ''
                        {%- for word in var("missing_description_words") %}
                            , '{{ word }}'
                        {%- endfor %}
                    )
                then null
                else trim(description)
            end as description,
            quantity,
            invoice_date as occurred_at,
            cast(invoice_date as date) as occurred_date,
            price,
            cast(quantity * price as decimal(18, 4)) as amount,
            {{ trimmed("customer_id") }} as customer_id,
            {{ trimmed("country") }} as country,
            parse_error,
            source_record
        from transactions
    )

select *
from renamed
