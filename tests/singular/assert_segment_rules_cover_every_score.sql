-- A failure means that customers with these scores would have no segment: complete
-- seed segment_rules.
select rule_set, count(*) as cell_count
from {{ ref("int_segment_grid") }}
group by rule_set
having count(*) <> 125
