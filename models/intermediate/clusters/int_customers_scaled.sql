{{ config(materialized="table") }}

-- Grain: customer_id, recipe, feature. Every customer in the space that the recipe's
-- clusters were found in: filled, clipped, transformed, standardised.
with
    inputs as (select * from {{ ref("int_cluster_inputs") }}),

    scalers as (select * from {{ ref("cluster_scalers") }}),

    customers as (select customer_id from inputs where feature = 'recency_days'),

    -- a category of the fit that nobody buys from any more has no rows: its share is 0
    wanted as (
        select
            customers.customer_id,
            scalers.*,
            case when inputs.customer_id is null then 0 else inputs.value end as value
        from customers
        cross join scalers
        left join
            inputs
            on customers.customer_id = inputs.customer_id
            and scalers.feature = inputs.feature
    ),

    filled as (
        select
            customer_id,
            recipe,
            feature,
            transform,
            center,
            scale,
            plot_x_loading,
            plot_y_loading,
            coalesce(
                coalesce(value, fill_value) < far_low
                or coalesce(value, fill_value) > far_high,
                false
            ) as is_extreme,
            least(
                greatest(coalesce(value, fill_value), lower_bound), upper_bound
            ) as clipped_value
        from wanted
    ),

    scaled as (
        select
            customer_id,
            recipe,
            feature,
            is_extreme,
            plot_x_loading,
            plot_y_loading,
            (
                case
                    transform
                    when 'log1p'
                    then sign(clipped_value) * ln(1 + abs(clipped_value))
                    else clipped_value
                end
                - center
            )
            / scale as scaled_value
        from filled
    )

select *
from scaled
