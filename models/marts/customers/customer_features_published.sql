-- Grain: one row per as_of_date and customer_id, as in customer_features.
-- The 52 columns of the published system by its own definitions, for people who
-- compare with its
-- file. Literal numbers belong to those definitions. Values follow the lines that the
-- vars keep;
-- tests/parity/published_vars.yml sets them so that every value equals the published
-- one.
with
    purchase_dates as (select * from {{ ref("int_purchase_dates_as_of") }}),

    temporal as (select * from {{ ref("int_features_temporal") }}),

    behavioural as (select * from {{ ref("int_features_behavioural") }}),

    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    segment_grid as (
        select * from {{ ref("int_segment_grid") }} where rule_set = 'published'
    ),

    hours as ({{ modal_value("sold_hour", tie_order="file") }}),

    days as ({{ modal_value(weekday("sold_date"), tie_order="file") }}),

    quarters as (
        {{ modal_value("extract(quarter from sold_date)", tie_order="file") }}
    ),

    growth as ({{ revenue_growth("gross_revenue", "first_line_id") }}),

    customers as (
        select
            as_of_date,
            customer_id,
            min(first_sold_at) as first_sold_at,
            max(last_sold_at) as last_sold_at,
            count(*) as frequency,
            cast(sum(gross_revenue) as decimal(18, 4)) as monetary,
            cast(sum(unit_count) as double) as unit_count,
            max(unit_count) as max_quantity_single_txn,
            {{ exact_stddev("gross_revenue * 10000", is_sample=true) }}
            / 10000 as aov_std,
            max(gross_revenue) as aov_max,
            min(gross_revenue) as aov_min,
            max(highest_price) as max_price,
            max(highest_price) - min(lowest_price) as price_range
        from {{ ref("int_orders_as_of") }}
        group by as_of_date, customer_id
    ),

    measured as (
        select
            customers.*,
            {{ elapsed_days("customers.last_sold_at", "as_of_dates.as_of_at") }}
            as recency,
            {{ elapsed_days("customers.first_sold_at", "as_of_dates.as_of_at") }}
            as tenure_days,
            {{ elapsed_days("customers.first_sold_at", "customers.last_sold_at") }}
            as customer_lifetime_days,
            cast(customers.monetary as double) / customers.frequency as aov,
            purchase_dates.date_count,
            purchase_dates.month_count as active_months,
            coalesce(purchase_dates.avg_gap_days, 0) as avg_inter_purchase_days,
            coalesce(purchase_dates.std_gap_days, 0) as std_inter_purchase_days,
            case
                when purchase_dates.date_count > 1
                then
                    cast(
                        floor(
                            (
                                {{ epoch_seconds("as_of_dates.as_of_at") }}
                                - {{ epoch_seconds("customers.last_sold_at") }}
                            )
                            / 86400
                            - purchase_dates.avg_gap_days
                        ) as integer
                    )
                else 0
            end as days_overdue
        from customers
        inner join as_of_dates on customers.as_of_date = as_of_dates.as_of_date
        inner join
            purchase_dates
            on customers.as_of_date = purchase_dates.as_of_date
            and customers.customer_id = purchase_dates.customer_id
    ),

    rated as (
        select
            measured.*,
            active_months
            / greatest(1e0, customer_lifetime_days / 30e0) as engagement_consistency,
            {{ rfm_score("recency", descending=true) }} as r_score,
            {{ rfm_score("frequency") }} as f_score,
            {{ rfm_score("monetary") }} as m_score
        from measured
    ),

    scored as (
        select
            rated.*,
            0.5e0 * least(100e0, recency / 365e0 * 100)
            + 0.3e0
            * case
                when days_overdue > 0
                then least(100e0, days_overdue / 180e0 * 100)
                else 0
            end
            + 0.2e0 * 50 * (1 - engagement_consistency) as churn_risk_score
        from rated
    ),

    customer_features_published as (
        select
            scored.as_of_date,
            scored.customer_id,
            scored.recency,
            cast(scored.frequency as integer) as frequency,
            scored.monetary,
            scored.r_score,
            scored.f_score,
            scored.m_score,
            cast(
                scored.r_score * 100 + scored.f_score * 10 + scored.m_score as string
            ) as rfm_score,
            scored.r_score + scored.f_score + scored.m_score as rfm_sum,
            segment_grid.segment,
            scored.unit_count / scored.frequency as avg_basket_size,
            scored.aov as avg_basket_value,
            behavioural.avg_item_price,
            behavioural.unique_products,
            cast(behavioural.unique_products as double)
            / scored.frequency as product_diversity,
            cast(scored.max_quantity_single_txn > 100 as integer) as is_bulk_buyer,
            scored.max_quantity_single_txn,
            scored.date_count as days_active,
            scored.avg_inter_purchase_days,
            scored.std_inter_purchase_days,
            case
                when scored.customer_lifetime_days > 0
                then 30e0 * scored.frequency / scored.customer_lifetime_days
                else 0
            end as purchase_velocity,
            hours.value as preferred_hour,
            hours.line_share as hour_concentration,
            temporal.weekend_ratio,
            cast(temporal.weekend_ratio > 0.5 as integer) as is_weekend_shopper,
            days.value as preferred_day,
            cast(quarters.value as integer) as preferred_quarter,
            quarters.line_share as quarter_concentration,
            scored.active_months,
            scored.customer_lifetime_days,
            scored.monetary as total_revenue,
            scored.monetary as clv,
            scored.aov,
            scored.aov_std,
            scored.aov_max,
            scored.aov_min,
            behavioural.avg_item_price as avg_price,
            scored.max_price,
            cast(scored.price_range as decimal(18, 4)) as price_range,
            scored.aov_std / nullif(scored.aov, 0) as spending_cv,
            coalesce(growth.revenue_growth, 0) as revenue_growth,
            0 as return_rate,
            0 as return_value,
            scored.recency as days_since_last,
            scored.tenure_days,
            30e0 * scored.frequency / nullif(scored.tenure_days, 0) as activity_rate,
            cast(scored.frequency as integer) as purchase_frequency,
            scored.engagement_consistency,
            scored.days_overdue,
            scored.churn_risk_score,
            100 - scored.churn_risk_score as loyalty_index,
            cast(scored.churn_risk_score > 60 as integer) as is_at_risk
        from scored
        inner join
            segment_grid
            on scored.r_score = segment_grid.r_score
            and scored.f_score = segment_grid.f_score
            and scored.m_score = segment_grid.m_score
        inner join
            behavioural
            on scored.as_of_date = behavioural.as_of_date
            and scored.customer_id = behavioural.customer_id
        inner join
            temporal
            on scored.as_of_date = temporal.as_of_date
            and scored.customer_id = temporal.customer_id
        inner join
            hours
            on scored.as_of_date = hours.as_of_date
            and scored.customer_id = hours.customer_id
        inner join
            days
            on scored.as_of_date = days.as_of_date
            and scored.customer_id = days.customer_id
        inner join
            quarters
            on scored.as_of_date = quarters.as_of_date
            and scored.customer_id = quarters.customer_id
        left join
            growth
            on scored.as_of_date = growth.as_of_date
            and scored.customer_id = growth.customer_id
    )

select *
from customer_features_published
