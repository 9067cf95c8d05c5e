-- A failure means that no row of the input is a sale to a known customer: see data_quality_ledger for where the rows went.
select disposition, row_count
from {{ ref("data_quality_ledger") }}
where disposition = 'sale' and row_count = 0
