-- Grain: one row per recipe: which fit is in use at the scoring date, and why.
{% set texts = ["algorithm", "fitted_as_of", "decision", "reason", "shortfall"] %}
{% set numbers = [
    "stability_index",
    "customer_count",
    "wanted_cluster_count",
    "converged",
] %}
with
    parameters as (
        select * from {{ ref("int_cluster_parameters") }} where recipe is not null
    ),

    runs as (
        select
            max(as_of_date) as as_of_date,
            recipe,
            {% for text in texts %}
                max(case when parameter = '{{ text }}' then label end) as {{ text }},
            {% endfor %}
            {% for number in numbers %}
                max(
                    case when parameter = '{{ number }}' then value end
                ) as {{ number }},
            {% endfor %}
            count(case when parameter = 'name' then 1 end) as cluster_count
        from parameters
        group by recipe
    ),

    cluster_runs as (
        select
            as_of_date,
            recipe,
            algorithm,
            cast(fitted_as_of as date) as fitted_as_of,
            decision,
            reason,
            stability_index,
            cast(customer_count as bigint) as fit_customer_count,
            cast(wanted_cluster_count as integer) as wanted_cluster_count,
            cast(cluster_count as integer) as cluster_count,
            shortfall,
            converged = 1 as is_converged
        from runs
    )

select *
from cluster_runs
