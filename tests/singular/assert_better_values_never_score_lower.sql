-- A failure means that cut points overlap: somebody with more orders scores lower
-- than somebody with fewer.
with
    cut_points as (
        select
            as_of_date,
            metric,
            score,
            case
                when metric = 'recency_days' then - highest_value else lowest_value
            end as worst_value,
            lag(
                case
                    when metric = 'recency_days' then - lowest_value else highest_value
                end
            ) over (partition by as_of_date, metric order by score)
            as best_value_of_score_below
        from {{ ref("rfm_cut_points") }}
    )

select *
from cut_points
where worst_value < best_value_of_score_below
