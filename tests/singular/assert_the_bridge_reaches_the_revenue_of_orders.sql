-- A failure means that the report's steps from the raw file to net revenue do not add
-- up: a bar begins where the one before did not end.
with
    steps as (select * from {{ ref("report_revenue_bridge") }}),

    neighbours as (
        select steps.*, lag(running_to) over (order by step_order) as reached from steps
    )

select *
from neighbours
where
    kind = 'change'
    and running_from <> reached
    or kind = 'total'
    and step_order > 1
    and running_to <> reached
