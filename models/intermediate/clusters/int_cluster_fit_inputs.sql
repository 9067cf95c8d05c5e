-- Grain: customer_id, feature. The inputs of the customers that fits may see: a
-- bounded sample in the order of a hash, the same everywhere.
with
    inputs as (select * from {{ ref("int_cluster_inputs") }}),

    ranked as (
        select
            customer_id,
            row_number() over (order by md5(customer_id), customer_id) as sample_rank
        from inputs
        where feature = 'recency_days'
    ),

    fit_inputs as (
        select scoring_date.as_of_date, inputs.customer_id, inputs.feature, inputs.value
        from inputs
        inner join ranked on inputs.customer_id = ranked.customer_id
        cross join
            (
                select as_of_date
                from {{ ref("int_as_of_dates") }}
                where is_scoring_date
            ) as scoring_date
        where ranked.sample_rank <= {{ var("cluster_fit_customers") }}
    )

select *
from fit_inputs
