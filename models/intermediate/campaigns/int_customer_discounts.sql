{% set reference_lines = var("discount_reference_lines") %}
{% set lines_from = var("discount_lines_from") %}

-- Grain: one row per customer_id with a line that stands at the scoring date. How many
-- lines were bought clearly below the median price of the same product, quarter and
-- quantity, where enough lines say what that is.
with
    customer_prices as (select * from {{ ref("int_customer_prices") }}),

    prices as (
        select stock_code, quarter_start, unit_band, unit_price, count(*) as line_count
        from customer_prices
        group by stock_code, quarter_start, unit_band, unit_price
    ),

    cumulated as (
        select
            prices.*,
            sum(line_count) over (
                partition by stock_code, quarter_start, unit_band
            ) as total_line_count,
            sum(line_count) over (
                partition by stock_code, quarter_start, unit_band
                order by unit_price
                rows between unbounded preceding and current row
            ) as line_count_to_here
        from prices
    ),

    -- the lower median
    median_prices as (
        select
            stock_code, quarter_start, unit_band, min(unit_price) as median_unit_price
        from cumulated
        where
            total_line_count >= {{ reference_lines }}
            and 2 * line_count_to_here >= total_line_count
        group by stock_code, quarter_start, unit_band
    ),

    counted as (
        select
            customer_prices.customer_id,
            count(*) as line_count,
            count(median_prices.median_unit_price) as comparable_line_count,
            sum(
                case
                    when
                        customer_prices.unit_price
                        <= {{ (1 - (var("discount_price_cut") | float)) | round(6) }}
                        * median_prices.median_unit_price
                    then 1
                    else 0
                end
            ) as discount_line_count
        from customer_prices
        left join
            median_prices
            on customer_prices.stock_code = median_prices.stock_code
            and customer_prices.quarter_start = median_prices.quarter_start
            and customer_prices.unit_band = median_prices.unit_band
        group by customer_prices.customer_id
    ),

    judged as (
        select
            counted.*,
            case
                when sum(discount_line_count) over () = 0
                then
                    'Nobody bought below the price that others paid for the same product and quantity in the quarter: prices do not vary.'
                when comparable_line_count < {{ lines_from }}
                then
                    concat(
                        'Lines with a price to compare with: ',
                        comparable_line_count,
                        '; needed are {{ lines_from }}.'
                    )
            end as withheld_reason
        from counted
    ),

    customer_discounts as (
        select
            customer_id,
            line_count,
            comparable_line_count,
            discount_line_count,
            case
                when withheld_reason is null
                then
                    cast(discount_line_count as double)
                    / nullif(comparable_line_count, 0)
            end as discount_line_share,
            withheld_reason
        from judged
    )

select *
from customer_discounts
