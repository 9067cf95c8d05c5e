-- Grain: customer_id, task, reason_rank: the strongest reasons of each customer's
-- scores, in words.
with
    reasons as (select * from {{ ref("py_customer_score_reasons") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    customer_score_reasons as (
        select
            scoring_date.as_of_date,
            reasons.customer_id,
            reasons.task,
            cast(reasons.rank as integer) as reason_rank,
            reasons.feature,
            reasons.value,
            reasons.contribution,
            reasons.sentence
        from reasons
        cross join scoring_date
    )

select *
from customer_score_reasons
