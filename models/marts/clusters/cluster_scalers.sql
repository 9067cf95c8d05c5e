-- Grain: one row per recipe and feature: how the recipe turns natural units into the
-- space of its centroids, at the scoring date.
-- scaled = (transform(clip(coalesce(value, fill_value))) - center) / scale
{% set parameters = {
    "fill_value": "fill",
    "lower_bound": "lower",
    "upper_bound": "upper",
    "center": "center",
    "scale": "scale",
    "far_low": "far_low",
    "far_high": "far_high",
} %}
with
    parameters as (
        select *
        from {{ ref("int_cluster_parameters") }}
        where feature is not null and cluster_id is null and recipe is not null
    ),

    cluster_scalers as (
        select
            max(as_of_date) as as_of_date,
            recipe,
            feature,
            cast(
                max(case when parameter = 'position' then value end) + 1 as integer
            ) as position,
            max(case when parameter = 'position' then label end) as transform,
            {% for column, parameter in parameters.items() %}
                max(
                    case when parameter = '{{ parameter }}' then value end
                ) as {{ column }},
            {% endfor %}
            max(
                case when parameter = 'loading' and axis = 0 then value end
            ) as plot_x_loading,
            max(
                case when parameter = 'loading' and axis = 1 then value end
            ) as plot_y_loading
        from parameters
        group by recipe, feature
    )

select *
from cluster_scalers
