{{ config(materialized="table") }}

-- Grain: start_date, horizon_days. Sales of the whole shop in finished windows: those
-- that begin on the origins, and those a year before the origins and the scoring date.
with
    prediction_dates as (select * from {{ ref("int_prediction_dates") }}),

    shop_days as (select * from {{ ref("int_shop_days") }}),

    order_parts as (select * from {{ ref("int_order_parts") }}),

    outcomes as (select * from {{ ref("int_outcomes") }}),

    starts as (
        select as_of_date as start_date, scoring_date
        from prediction_dates
        union
        select {{ add_days("as_of_date", -365) }} as start_date, scoring_date
        from prediction_dates
    ),

    horizons as (
        {% for days in [90, 180, 365] %}
            select {{ days }} as horizon_days {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    windows as (
        select
            starts.start_date,
            horizons.horizon_days,
            {{ add_days("starts.start_date", "horizons.horizon_days") }} as end_date
        from starts
        cross join horizons
        cross join (select min(sold_date) as first_date from shop_days) as bounds
        where
            {{ add_days("starts.start_date", "horizons.horizon_days") }}
            <= starts.scoring_date
            and starts.start_date >= bounds.first_date
    ),

    sold as (
        select
            windows.start_date, windows.horizon_days, sum(shop_days.revenue) as revenue
        from windows
        inner join
            shop_days
            on shop_days.sold_date >= windows.start_date
            and shop_days.sold_date < windows.end_date
        group by windows.start_date, windows.horizon_days
    ),

    purchase_dates as (
        select distinct customer_id, sold_date, reversed_date from order_parts
    ),

    active as (
        select
            windows.start_date,
            windows.horizon_days,
            count(distinct purchase_dates.customer_id) as active_customers
        from windows
        inner join
            purchase_dates
            on purchase_dates.sold_date >= windows.start_date
            and {{ stands_on_date("purchase_dates", "windows.end_date") }}
        group by windows.start_date, windows.horizon_days
    ),

    existing as (
        {% for days in [90, 180, 365] %}
            select
                as_of_date as start_date,
                {{ days }} as horizon_days,
                count(*) as existing_customers,
                sum(
                    case when orders_{{ days }}d > 0 then 1 else 0 end
                ) as existing_active_customers,
                sum(revenue_{{ days }}d) as existing_revenue
            from outcomes
            where orders_{{ days }}d is not null
            group by as_of_date {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    shop_windows as (
        select
            windows.start_date,
            cast(windows.horizon_days as integer) as horizon_days,
            cast(coalesce(sold.revenue, 0) as decimal(18, 4)) as revenue,
            cast(coalesce(active.active_customers, 0) as bigint) as active_customers,
            cast(existing.existing_customers as bigint) as existing_customers,
            cast(
                existing.existing_active_customers as bigint
            ) as existing_active_customers,
            cast(existing.existing_revenue as decimal(18, 4)) as existing_revenue
        from windows
        left join
            sold
            on windows.start_date = sold.start_date
            and windows.horizon_days = sold.horizon_days
        left join
            active
            on windows.start_date = active.start_date
            and windows.horizon_days = active.horizon_days
        left join
            existing
            on windows.start_date = existing.start_date
            and windows.horizon_days = existing.horizon_days
    )

select *
from shop_windows
