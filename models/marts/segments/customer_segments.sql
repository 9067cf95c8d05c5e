-- Grain: one row per customer_id at the scoring date (as_of_date), with the segment
-- at the last month end before it.
with
    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    scoring_date as (select * from as_of_dates where is_scoring_date),

    previous_month_end as (
        select max(as_of_dates.as_of_date) as as_of_date
        from as_of_dates
        cross join scoring_date
        where
            as_of_dates.is_month_end
            and as_of_dates.as_of_date < scoring_date.as_of_date
    ),

    previous_segments as (
        select rfm_scores.customer_id, rfm_scores.segment
        from {{ ref("int_rfm_scores") }} as rfm_scores
        inner join
            previous_month_end on rfm_scores.as_of_date = previous_month_end.as_of_date
    ),

    customer_segments as (
        select
            rfm_scores.as_of_date,
            rfm_scores.customer_id,
            rfm_scores.segment,
            previous_segments.segment as previous_segment
        from {{ ref("int_rfm_scores") }} as rfm_scores
        inner join scoring_date on rfm_scores.as_of_date = scoring_date.as_of_date
        left join
            previous_segments on rfm_scores.customer_id = previous_segments.customer_id
    )

select *
from customer_segments
