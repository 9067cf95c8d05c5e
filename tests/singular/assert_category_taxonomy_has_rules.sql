-- A failure means that var category_taxonomy names no taxonomy of the seed
-- product_category_rules, so that every product is in OTHER.
select '{{ var("category_taxonomy") }}' as unknown_taxonomy
from {{ ref("product_category_rules") }}
having count(case when taxonomy = '{{ var("category_taxonomy") }}' then 1 end) = 0
