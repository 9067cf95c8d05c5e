-- Grain: one row per pair of the features of var report_correlation_features, both
-- orders and each with itself (a heat map), at the scoring date (as_of_date).
{% set features = var("report_correlation_features") %}
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customers as (
        select customer_features.*
        from {{ ref("customer_features") }} as customer_features
        inner join
            scoring_date on customer_features.as_of_date = scoring_date.as_of_date
    ),

    -- twice the mean rank, so that ties stay whole numbers and sums exact
    ranked as (
        select
            as_of_date,
            customer_id,
            {% for feature in features %}
                case
                    when {{ feature }} is not null
                    then
                        2 * rank() over (order by {{ feature }} asc nulls last)
                        + count(*) over (partition by {{ feature }})
                        - 1
                end as {{ feature }}{{ "," if not loop.last }}
            {% endfor %}
        from customers
    ),

    positions as (
        {% for feature in features %}
            select
                as_of_date,
                customer_id,
                '{{ feature }}' as feature,
                {{ loop.index }} as position,
                cast({{ feature }} as decimal(12, 0)) as feature_rank
            from ranked {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    -- both orders in one pass: engines that keep no CTE would rank everything once more
    summed as (
        select
            ours.as_of_date,
            ours.feature,
            ours.position,
            theirs.feature as other_feature,
            theirs.position as other_position,
            count(*) as customer_count,
            cast(sum(ours.feature_rank) as double) as x,
            cast(sum(theirs.feature_rank) as double) as y,
            cast(sum(ours.feature_rank * theirs.feature_rank) as double) as xy,
            cast(sum(ours.feature_rank * ours.feature_rank) as double) as xx,
            cast(sum(theirs.feature_rank * theirs.feature_rank) as double) as yy
        from positions as ours
        inner join positions as theirs on ours.customer_id = theirs.customer_id
        where ours.feature_rank is not null and theirs.feature_rank is not null
        group by
            ours.as_of_date,
            ours.feature,
            ours.position,
            theirs.feature,
            theirs.position
    ),

    correlated as (
        select
            summed.*,
            (customer_count * xy - x * y) / nullif(
                sqrt(customer_count * xx - x * x) * sqrt(customer_count * yy - y * y), 0
            ) as correlation
        from summed
    ),

    report_feature_correlations as (
        select
            as_of_date,
            feature,
            cast(position as integer) as position,
            other_feature,
            cast(other_position as integer) as other_position,
            cast(customer_count as bigint) as customer_count,
            -- beyond the sixth place lies what rounding left
            round(correlation, 6) as correlation
        from correlated
    )

select *
from report_feature_correlations
