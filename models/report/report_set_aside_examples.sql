-- Grain: one row per example of a row that does not count, three of each rule, in the
-- order of the source.
{% set examples = 3 %}
with
    set_aside_rows as (select * from {{ ref("set_aside_rows") }}),

    numbered as (
        select
            set_aside_rows.*,
            row_number() over (
                partition by disposition order by line_id
            ) as example_number
        from set_aside_rows
    ),

    report_set_aside_examples as (
        select
            disposition,
            cast(example_number as integer) as example_number,
            source_file,
            source_row_number,
            order_id,
            stock_code,
            description,
            quantity,
            price,
            occurred_at,
            reason
        from numbered
        where example_number <= {{ examples }}
    )

select *
from report_set_aside_examples
