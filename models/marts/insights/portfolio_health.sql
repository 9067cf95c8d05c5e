-- Grain: one row per component of seed health_components at the scoring date, and the
-- row overall, which is last.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    health_components as (select * from {{ ref("health_components") }}),

    portfolio_measures as (select * from {{ ref("int_portfolio_measures") }}),

    measured as (
        select
            health_components.component,
            health_components.title,
            health_components.display_order,
            health_components.weight,
            health_components.unit,
            health_components.value_at_0,
            health_components.value_at_100,
            portfolio_measures.value,
            portfolio_measures.sentence,
            coalesce(
                portfolio_measures.reason, 'Nothing measures this component.'
            ) as reason,
            -- decimals, so that sums do not depend on the order of rows
            cast(
                100 * greatest(
                    0e0,
                    least(
                        1e0,
                        (portfolio_measures.value - health_components.value_at_0) / (
                            health_components.value_at_100
                            - health_components.value_at_0
                        )
                    )
                ) as decimal(9, 4)
            ) as clamped_score
        from health_components
        left join
            portfolio_measures
            on health_components.component = portfolio_measures.component
    ),

    scored as (
        select
            measured.*,
            case when value is not null then clamped_score end as score,
            case when value is not null then weight else 0 end as counted_weight
        from measured
    ),

    ranked as (
        select
            scored.*,
            row_number() over (
                order by
                    case when score is null then 1 else 0 end asc,
                    score desc,
                    display_order asc
            ) as best_rank,
            row_number() over (
                order by
                    case when score is null then 1 else 0 end asc,
                    score asc,
                    display_order asc
            ) as worst_rank
        from scored
    ),

    totals as (
        select
            cast(sum(counted_weight) as double) as counted_weight,
            cast(sum(counted_weight * score) as double)
            / nullif(cast(sum(counted_weight) as double), 0) as score,
            count(*) as component_count,
            count(score) as counted_count,
            max(display_order) as last_order,
            max(case when best_rank = 1 then title end) as best_title,
            max(case when best_rank = 1 then score end) as best_score,
            max(case when worst_rank = 1 then title end) as worst_title,
            max(case when worst_rank = 1 then score end) as worst_score
        from ranked
    ),

    components as (
        select
            scored.component,
            scored.title,
            scored.display_order,
            case
                when scored.score is not null
                then cast(scored.weight as double) / nullif(totals.counted_weight, 0)
            end as weight,
            scored.value,
            scored.unit,
            scored.value_at_0,
            scored.value_at_100,
            cast(scored.score as double) as score,
            case
                when scored.score is null
                then concat('Left out. ', scored.reason)
                else
                    concat(
                        scored.sentence,
                        ' ',
                        cast(
                            cast(
                                round(100 * scored.value, 1) as decimal(18, 1)
                            ) as string
                        ),
                        ' %: ',
                        {{ number_text("scored.score") }},
                        ' of 100 points (0 points at ',
                        cast(cast(round(100 * scored.value_at_0) as integer) as string),
                        ' %, 100 at ',
                        cast(
                            cast(round(100 * scored.value_at_100) as integer) as string
                        ),
                        ' %).'
                    )
            end as sentence
        from scored
        cross join totals
    ),

    overall as (
        select
            'overall' as component,
            'Portfolio health' as title,
            last_order + 1 as display_order,
            case when score is not null then 1.0 end as weight,
            score as value,
            'score' as unit,
            0.0 as value_at_0,
            100.0 as value_at_100,
            score,
            case
                when score is null
                then 'No component can be measured.'
                else
                    concat(
                        'Portfolio health is ',
                        {{ number_text("score") }},
                        ' of 100 points, from ',
                        counted_count,
                        ' of ',
                        component_count,
                        ' components; best: ',
                        best_title,
                        ' (',
                        {{ number_text("best_score") }},
                        '), worst: ',
                        worst_title,
                        ' (',
                        {{ number_text("worst_score") }},
                        ').'
                    )
            end as sentence
        from totals
    ),

    portfolio_health as (
        select *
        from components
        union all
        select *
        from overall
    )

select
    scoring_date.as_of_date,
    portfolio_health.component,
    portfolio_health.title,
    cast(portfolio_health.display_order as integer) as display_order,
    cast(portfolio_health.weight as double) as weight,
    cast(portfolio_health.value as double) as value,
    portfolio_health.unit,
    cast(portfolio_health.value_at_0 as double) as value_at_0,
    cast(portfolio_health.value_at_100 as double) as value_at_100,
    cast(portfolio_health.score as double) as score,
    portfolio_health.sentence
from portfolio_health
cross join scoring_date
