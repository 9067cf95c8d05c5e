-- A failure means that no row of the input is a sale to a known customer:
-- int_transactions_classified says by which rule each row was set aside. Nothing
-- downstream is built then.
select count(*) as sale_count
from {{ ref("int_transactions_classified") }}
where disposition = 'sale'
having count(*) = 0
