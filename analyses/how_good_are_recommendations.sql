-- How often does a recommended product get bought, against simply showing what sells?
select task, method, origin, customer_count, hit_rate, lead, lead_low, lead_high
from {{ ref("recommendation_backtest") }}
order by task asc, origin asc, hit_rate desc
