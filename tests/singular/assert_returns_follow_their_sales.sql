-- A failure means that goods came back before they were sold, or to another customer
-- or product.
select returns.return_line_id, order_lines.order_line_id
from {{ ref("returns") }} as returns
inner join
    {{ ref("order_lines") }} as order_lines
    on returns.order_line_id = order_lines.order_line_id
where
    returns.returned_at < order_lines.sold_at
    or returns.customer_id <> order_lines.customer_id
    or returns.stock_code <> order_lines.stock_code
