-- Grain: customer_id, recipe. The cluster with the lowest score is the customer's; of
-- equal scores the first.
{% set clusters = range([var("cluster_count_limit") | int, 1] | max) %}
with
    distances as (select * from {{ ref("int_cluster_distances") }}),

    mixture_distances as (select * from {{ ref("int_mixture_distances") }}),

    -- 0 where a recipe is no mixture, NULL where it has no such cluster
    offsets as (
        select recipe, {{ by_cluster("score_offset") }}
        from {{ ref("cluster_centroids") }}
        group by recipe
    ),

    scores as (
        select
            distances.*,
            {% for i in clusters %}
                coalesce(
                    mixture_distances.squared_distance_{{ i }},
                    distances.squared_distance_{{ i }}
                )
                + offsets.score_offset_{{ i }}
                as score_{{ i }}{{ "," if not loop.last }}
            {% endfor %}
        from distances
        inner join offsets on distances.recipe = offsets.recipe
        left join
            mixture_distances
            on distances.customer_id = mixture_distances.customer_id
            and distances.recipe = mixture_distances.recipe
    ),

    nearest as (
        select
            *,
            case
                least(
                    {% for i in clusters %}
                        score_{{ i }}{{ "," if not loop.last }}
                    {% endfor %}
                )
                {% for i in clusters %} when score_{{ i }} then {{ i }} {% endfor %}
            end as cluster_id
        from scores
    ),

    others as (
        select
            *,
            least(
                {% for i in clusters %}
                    case
                        when cluster_id <> {{ i }} then score_{{ i }}
                    end{{ "," if not loop.last }}
                {% endfor %}
            ) as second_score
        from nearest
    ),

    nearest_two as (
        select
            customer_id,
            recipe,
            is_extreme = 1 as is_extreme,
            cluster_id,
            case
                cluster_id
                {% for i in clusters %}
                    when {{ i }} then sqrt(squared_distance_{{ i }})
                {% endfor %}
            end as distance,
            case
                {% for i in clusters %}
                    when cluster_id <> {{ i }} and score_{{ i }} = second_score
                    then sqrt(squared_distance_{{ i }})
                {% endfor %}
            end as second_distance
        from others
    )

select *
from nearest_two
