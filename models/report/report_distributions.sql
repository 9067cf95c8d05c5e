-- Grain: one row per measure and bin, empty bins left out: how orders and customers
-- spread. Bins follow 1, 2, 5, 10, 20, 50 …, recency's are 30 days wide.
{% set recency_bin_days = 30 %}
with
    orders as (select * from {{ ref("int_timing_orders") }}),

    customers as (select * from {{ ref("customer_rfm") }}),

    valued as (
        select 'order_value' as measure, customer_id, cast(revenue as double) as figure
        from orders
        union all
        select 'customer_value', customer_id, cast(monetary as double)
        from customers
        union all
        select 'frequency', customer_id, cast(frequency as double)
        from customers
        union all
        select 'recency_days', customer_id, cast(recency_days as double)
        from customers
    ),

    scaled as (
        select
            valued.*,
            case
                when figure >= 1 and measure <> 'recency_days'
                then power(10e0, floor(log10(figure)))
            end as decade
        from valued
    ),

    binned as (
        select
            measure,
            customer_id,
            case
                when measure = 'recency_days'
                then
                    {{ recency_bin_days }}
                    * floor((figure - 1) / {{ recency_bin_days }})
                    + 1
                when figure <= 0
                then -1
                when figure < 1
                then 0
                when figure < 2 * decade
                then decade
                when figure < 5 * decade
                then 2 * decade
                else 5 * decade
            end as bin_from,
            case
                when measure = 'recency_days'
                then
                    {{ recency_bin_days }}
                    * floor((figure - 1) / {{ recency_bin_days }})
                    + 1
                    + {{ recency_bin_days }}
                when figure <= 0
                then 0
                when figure < 1
                then 1
                when figure < 2 * decade
                then 2 * decade
                when figure < 5 * decade
                then 5 * decade
                else 10 * decade
            end as bin_to
        from scaled
    ),

    counted as (
        select
            measure,
            bin_from,
            bin_to,
            count(*) as item_count,
            count(distinct customer_id) as customer_count
        from binned
        group by measure, bin_from, bin_to
    ),

    report_distributions as (
        select
            measure,
            case when bin_from >= 0 then cast(bin_from as double) end as bin_from,
            cast(bin_to as double) as bin_to,
            cast(
                row_number() over (partition by measure order by bin_from) as integer
            ) as bin_order,
            {{ is_small_cell("customer_count") }} as is_suppressed,
            cast(
                {{ unless_small_cell("item_count", "customer_count") }} as bigint
            ) as item_count,
            cast({{ unless_small_cell("item_count", "customer_count") }} as double)
            / sum(item_count) over (partition by measure) as item_share
        from counted
    )

select *
from report_distributions
