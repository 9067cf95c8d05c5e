-- A failure means that money, units or rows got lost or were made up between the
-- input and the marts.
select * from {{ ref("reconciliation") }} where difference <> 0
