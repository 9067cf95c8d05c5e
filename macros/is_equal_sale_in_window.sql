{# Whether a sale line could be reversed by a return: same units, same price, within the window. Read by int_returns_matched. #}
{% macro is_equal_sale_in_window() %}
    {{ var("reversal_window_hours") }} > 0
    and matching.quantity = returns_in_turn.returned_quantity
    and matching.price = returns_in_turn.return_price
    and matching.sold_at <= returns_in_turn.returned_at
    and {{ epoch_seconds("returns_in_turn.returned_at") }}
    - {{ epoch_seconds("matching.sold_at") }}
    <= {{ var("reversal_window_hours") }} * 3600
{%- endmacro %}
