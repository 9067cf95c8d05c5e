-- Grain: one row per segment and origin of the backtest of 90-day value: by how much
-- the model that serves would have missed the segment's total then.
with
    segments as (select * from {{ ref("segments") }}),

    served as (
        select case when rung = 'recipe' then 'ours' else 'bg_nbd' end as model
        from {{ ref("model_eligibility") }}
        where task = 'value' and horizon_days = 90
    ),

    judged as (
        select
            backtest.origin,
            backtest.slice_type,
            backtest.slice,
            backtest.predicted_to_actual
        from {{ ref("model_backtest") }} as backtest
        inner join served on backtest.model = served.model
        where
            backtest.task = 'value'
            and backtest.horizon_days = 90
            and backtest.predicted_to_actual > 0
    ),

    -- a segment that was too small then is taken to have been missed like the whole
    value_errors as (
        select
            segments.segment,
            whole.origin,
            coalesce(
                own.predicted_to_actual, whole.predicted_to_actual
            ) as predicted_to_actual
        from segments
        cross join judged as whole
        left join
            judged as own
            on segments.segment = own.slice
            and whole.origin = own.origin
            and own.slice_type = 'segment'
        where whole.slice_type = 'all'
    )

select *
from value_errors
