{{ config(materialized="table") }}

-- Grain: customer_id, recipe, feature. Every customer in the space that the recipe's
-- clusters were found in: filled, clipped, transformed, standardised.
with
    inputs as (select * from {{ ref("int_cluster_inputs") }}),

    scalers as (select * from {{ ref("cluster_scalers") }}),

    filled as (
        select
            inputs.customer_id,
            scalers.recipe,
            scalers.feature,
            scalers.transform,
            scalers.center,
            scalers.scale,
            scalers.plot_x_loading,
            scalers.plot_y_loading,
            coalesce(
                coalesce(inputs.value, scalers.fill_value) < scalers.far_low
                or coalesce(inputs.value, scalers.fill_value) > scalers.far_high,
                false
            ) as is_extreme,
            least(
                greatest(
                    coalesce(inputs.value, scalers.fill_value), scalers.lower_bound
                ),
                scalers.upper_bound
            ) as clipped_value
        from inputs
        inner join scalers on inputs.feature = scalers.feature
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
