-- Grain: one row per as_of_date. The scoring date and the origins that models learn
-- from.
with
    as_of_dates as (select * from {{ ref("int_as_of_dates") }}),

    prediction_dates as (
        select
            as_of_dates.as_of_date,
            as_of_dates.is_scoring_date,
            scoring_dates.as_of_date as scoring_date
        from as_of_dates
        cross join as_of_dates as scoring_dates
        where
            scoring_dates.is_scoring_date
            and (as_of_dates.is_scoring_date or as_of_dates.is_origin)
    )

select *
from prediction_dates
