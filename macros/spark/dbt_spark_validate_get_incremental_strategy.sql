{# Takes the place of dbt-spark's: the models here are refreshed by delete+insert, on every file format. #}
{% macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) %}
    {%- if raw_strategy not in ["append", "delete+insert"] -%}
        {{
            exceptions.raise_compiler_error(
                "On Spark, models are refreshed by append or delete+insert, not by "
                ~ raw_strategy
            )
        }}
    {%- endif -%}
    {{ return(raw_strategy) }}
{% endmacro %}
