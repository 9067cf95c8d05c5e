{#
  Fails for every combination of the columns that more than one row has: the grain of the model is not what
  its description says. columns: list of column names.
#}
{% test unique_combination(model, columns) %}
    select {{ columns | join(", ") }}, count(*) as row_count
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1
{% endtest %}
