{% set source = var("category_source") %}
{% if source not in ["product", "line"] %}
    {% do exceptions.raise_compiler_error(
        "var category_source is '" ~ source ~ "'; it must be product or line"
    ) %}
{% endif %}
{% set by_line = source == "line" %}
{{ config(materialized="table" if by_line else "view") }}

-- Grain: one row per kept line (line_id), reversed ones included. The category of the
-- line's product or, by var category_source, of its own description.
with
    categories as (
        select *
        from {{ ref("int_description_categories" if by_line else "int_products") }}
    ),

    kept_lines as (
        select *
        from {{ ref("int_transactions_classified") }}
        where disposition in ('sale', 'return', 'anonymous_sale', 'anonymous_return')
    ),

    line_categories as (
        select
            kept_lines.line_id,
            kept_lines.order_id,
            kept_lines.customer_id,
            kept_lines.stock_code,
            kept_lines.quantity,
            kept_lines.price,
            kept_lines.amount,
            kept_lines.occurred_date,
            kept_lines.disposition,
            categories.category,
            categories.category_number
        from kept_lines
        inner join
            categories
            {% if by_line %}
                on coalesce(upper(kept_lines.description), '') = categories.description
            {% else %} on kept_lines.stock_code = categories.stock_code
            {% endif %}
    )

select *
from line_categories
