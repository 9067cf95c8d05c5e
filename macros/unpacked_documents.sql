{#
  A query for the rows of one table of py_prediction_models, each field in its type.
  columns: name of the field -> type; "text" stays as it is.
#}
{% macro unpacked_documents(table_name, columns) %}
    select
        {% for name, type in columns.items() %}
            {% if type == "text" %} {{ json_field("content", name) }} as {{ name }}
            {% else %}
                cast({{ json_field("content", name) }} as {{ type }}) as {{ name }}
            {% endif %} {{ "," if not loop.last }}
        {% endfor %}
    from {{ ref("py_prediction_models") }}
    where table_name = '{{ table_name }}'
{% endmacro %}
