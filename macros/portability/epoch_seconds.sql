{# Seconds since 1970-01-01 of a timestamp, as a double. #}
{% macro epoch_seconds(instant) %}
    {{ adapter.dispatch("epoch_seconds", "regulars")(instant) }}
{% endmacro %}

{% macro default__epoch_seconds(instant) %}
    {{
        exceptions.raise_compiler_error(
            "epoch_seconds has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__epoch_seconds(instant) %} epoch({{ instant }}){% endmacro %}

{% macro spark__epoch_seconds(instant) %}
    (unix_micros({{ instant }}) / 1e6)
{% endmacro %}
