{{ config(materialized="table") }}

-- Grain: customer_id, feature. What segmentations look at, in natural units, at the
-- scoring date: the features that recipes name, those that naming and refreshes need.
{% set mart_features = [
    "recency_days",
    "frequency",
    "monetary",
    "r_score",
    "f_score",
    "m_score",
    "rfm_sum",
    "avg_basket_size",
    "aov",
    "avg_item_price",
    "unique_products",
    "unique_categories",
    "product_diversity",
    "category_entropy",
    "days_active",
    "avg_inter_purchase_days",
    "median_inter_purchase_days",
    "std_inter_purchase_days",
    "max_quantity_single_txn",
    "preferred_hour",
    "hour_concentration",
    "weekend_ratio",
    "preferred_day",
    "preferred_quarter",
    "quarter_concentration",
    "active_months",
    "customer_lifetime_days",
    "purchase_velocity",
    "gross_revenue",
    "aov_std",
    "aov_max",
    "aov_min",
    "max_price",
    "price_range",
    "spending_cv",
    "revenue_growth",
    "revenue_last_90d",
    "revenue_last_365d",
    "return_rate",
    "return_value",
    "tenure_days",
    "activity_rate",
    "engagement_consistency",
    "days_overdue",
    "churn_risk_score",
    "loyalty_index",
] %}
{% set mart_flags = ["is_bulk_buyer", "is_weekend_shopper", "is_at_risk"] %}
{% set circles = {"preferred_hour": 24, "preferred_day": 7} %}
with
    customer_features as (select * from {{ ref("customer_features") }}),

    customers as (select * from {{ ref("customers") }}),

    customer_category_shares as (select * from {{ ref("customer_category_shares") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    recipe_features as (
        select feature
        from {{ ref("segmentation_recipe_features") }}
        union
        -- what names and refreshes go by
        select 'recency_days' as feature
        union
        select 'frequency' as feature
        union
        select 'monetary' as feature
        union
        select 'tenure_days' as feature
    ),

    current_customers as (
        select customer_features.*, customers.is_uk
        from customer_features
        inner join
            scoring_date on customer_features.as_of_date = scoring_date.as_of_date
        inner join customers on customer_features.customer_id = customers.customer_id
    ),

    mart_values as (
        select
            current_customers.customer_id,
            recipe_features.feature,
            case
                recipe_features.feature
                {% for feature in mart_features %}
                    when '{{ feature }}'
                    then cast(current_customers.{{ feature }} as double)
                {% endfor %}
                {% for flag in mart_flags + ["is_uk"] %}
                    when '{{ flag }}'
                    then
                        cast(
                            case
                                when current_customers.{{ flag }} then 1 else 0
                            end as double
                        )
                {% endfor %}
                -- hours and weekdays lie on a circle: 23 and 0 are neighbours
                {% for column, period in circles.items() %}
                    {% for function in ["sin", "cos"] %}
                        when '{{ column }}_{{ function }}'
                        then
                            {{ function }} (
                                2 * pi() * current_customers.{{ column }} / {{ period }}
                            )
                    {% endfor %}
                {% endfor %}
            end as value
        from current_customers
        cross join recipe_features
        -- others are not known: the fit says which, and what there is
        where
            recipe_features.feature in (
                {% for column in circles %}
                    '{{ column }}_sin', '{{ column }}_cos',
                {% endfor %}
                {% for feature in mart_features + mart_flags + ["is_uk"] %}
                    '{{ feature }}'{{ "," if not loop.last }}
                {% endfor %}
            )
    ),

    categories as (
        select distinct customer_category_shares.category
        from customer_category_shares
        inner join
            scoring_date
            on customer_category_shares.as_of_date = scoring_date.as_of_date
        where
            exists (
                select 1
                from recipe_features
                where recipe_features.feature = 'category_shares'
            )
    ),

    category_values as (
        select
            current_customers.customer_id,
            concat('category_share: ', categories.category) as feature,
            coalesce(customer_category_shares.revenue_share, 0) as value
        from current_customers
        cross join categories
        left join
            customer_category_shares
            on current_customers.as_of_date = customer_category_shares.as_of_date
            and current_customers.customer_id = customer_category_shares.customer_id
            and categories.category = customer_category_shares.category
    ),

    inputs as (
        select *
        from mart_values
        union all
        select *
        from category_values
    )

select *
from inputs
