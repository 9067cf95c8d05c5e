{# Whole 24-hour days between two timestamps. #}
{% macro elapsed_days(start_at, end_at) %}
    cast(
        floor(
            ({{ epoch_seconds(end_at) }} - {{ epoch_seconds(start_at) }}) / 86400
        ) as integer
    )
{%- endmacro %}
