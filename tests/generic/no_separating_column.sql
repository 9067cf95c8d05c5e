{#
  Fails for every numeric column that nearly separates the target by itself: no honest feature does, so it
  knows the future. The figure is ROC-AUC by ranks (Mann & Whitney 1947): the share of pairs, one row with
  the target and one without, in which the former has the higher value, ties counting half. NULL is lowest.
#}
{% test no_separating_column(
    model, target, left_out, date_column, highest_auc, smallest_class
) %}
    {% set features = [] %}
    {% if execute %}
        {% for column in adapter.get_columns_in_relation(model) %}
            {% if column.name not in left_out and (
                column.is_number() or column.data_type | lower == "boolean"
            ) %}
                {% do features.append(column.name) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    with
        known as (
            select *, case when {{ target }} then 1 else 0 end as is_target
            from {{ model }}
            where ({{ target }}) is not null
        ),

        totals as (
            select
                {{ date_column }},
                sum(is_target) as target_count,
                count(*) - sum(is_target) as other_count
            from known
            group by {{ date_column }}
        ),

        counted as (
            {% for feature in features %}
                select
                    {{ date_column }},
                    '{{ feature }}' as feature,
                    cast({{ feature }} as double) as value,
                    sum(is_target) as target_count,
                    count(*) - sum(is_target) as other_count
                from known
                group by
                    {{ date_column }},
                    cast({{ feature }} as double)
                    {{ "union all" if not loop.last }}
            {% endfor %}
        ),

        summed as (
            select
                {{ date_column }},
                feature,
                target_count,
                other_count,
                sum(other_count) over (
                    partition by {{ date_column }}, feature
                    order by value nulls first
                    rows between unbounded preceding and current row
                )
                - other_count as others_below
            from counted
        ),

        judged as (
            select
                summed.{{ date_column }},
                summed.feature,
                cast(
                    sum(
                        summed.target_count
                        * (2 * summed.others_below + summed.other_count)
                    ) as double
                )
                / max(2.0 * totals.target_count * totals.other_count) as auc
            from summed
            inner join totals on summed.{{ date_column }} = totals.{{ date_column }}
            where
                totals.target_count >= {{ smallest_class }}
                and totals.other_count >= {{ smallest_class }}
            group by summed.{{ date_column }}, summed.feature
        )

    select *
    from judged
    where auc > {{ highest_auc }} or auc < 1 - {{ highest_auc }}
{% endtest %}
