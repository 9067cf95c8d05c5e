{#
  A number as a wide integer, so that products and sums of it are exact and the order of rows cannot
  change the last digit of a result.
#}
{% macro exact_integer(value) %}
    {{ adapter.dispatch("exact_integer", "regulars")(value) }}
{% endmacro %}

{% macro default__exact_integer(value) %}
    {{
        exceptions.raise_compiler_error(
            "exact_integer has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__exact_integer(value) %} cast({{ value }} as hugeint){% endmacro %}

{% macro spark__exact_integer(value) %}
    cast({{ value }} as decimal(38, 0))
{% endmacro %}
