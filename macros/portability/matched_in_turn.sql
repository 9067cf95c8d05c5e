{#
  A query that gives each of returns_in_turn one of sales_before_returns, each return finding what the
  returns before it left. Read by int_returns_matched. On DuckDB one step of a recursion per return of a
  customer and product, each carrying what is left of every sale line; on Spark, whose recursion has no
  windows, a fold over the returns of a customer and product.
#}
{% macro matched_in_turn() %}
    {{ adapter.dispatch("matched_in_turn", "regulars")() }}
{% endmacro %}

{% macro default__matched_in_turn() %}
    {{
        exceptions.raise_compiler_error(
            "matched_in_turn has no form for the adapter " ~ target.type
        )
    }}
{% endmacro %}

{% macro duckdb__matched_in_turn() %}
    select
        group_number,
        return_count,
        sale_line_id,
        sale_number,
        sold_at,
        price,
        quantity,
        quantity as quantity_left,
        cast(0 as bigint) as return_number,
        cast(null as bigint) as return_line_id,
        false as is_match,
        false as is_reversal
    from sales_before_returns
    union all
    select
        group_number,
        return_count,
        sale_line_id,
        sale_number,
        sold_at,
        price,
        quantity,
        case
            when sale_number = coalesce(reversed_sale_number, returned_sale_number)
            then quantity_left - returned_quantity
            else quantity_left
        end as quantity_left,
        return_number,
        return_line_id,
        coalesce(
            sale_number = coalesce(reversed_sale_number, returned_sale_number), false
        ) as is_match,
        coalesce(sale_number = reversed_sale_number, false) as is_reversal
    from
        (
            select
                candidates.*,
                case
                    when latest_equal_number = latest_untouched_number
                    then latest_equal_number
                end as reversed_sale_number
            from
                (
                    select
                        matching.group_number,
                        matching.return_count,
                        matching.sale_line_id,
                        matching.sale_number,
                        matching.sold_at,
                        matching.price,
                        matching.quantity,
                        matching.quantity_left,
                        returns_in_turn.return_number,
                        returns_in_turn.return_line_id,
                        returns_in_turn.returned_quantity,
                        max(
                            case
                                when {{ is_equal_sale_in_window() }}
                                then matching.sale_number
                            end
                        ) over (partition by matching.group_number)
                        as latest_equal_number,
                        max(
                            case
                                when
                                    {{ is_equal_sale_in_window() }}
                                    and matching.quantity_left = matching.quantity
                                then matching.sale_number
                            end
                        ) over (partition by matching.group_number)
                        as latest_untouched_number,
                        max(
                            case
                                when
                                    matching.sold_at <= returns_in_turn.returned_at
                                    and matching.quantity_left
                                    >= returns_in_turn.returned_quantity
                                then matching.sale_number
                            end
                        ) over (partition by matching.group_number)
                        as returned_sale_number
                    from matching
                    inner join
                        returns_in_turn
                        on matching.group_number = returns_in_turn.group_number
                        and matching.return_number + 1 = returns_in_turn.return_number
                    where matching.return_number < matching.return_count
                ) as candidates
        ) as decided
{% endmacro %}

{% macro spark__matched_in_turn() %}
    select
        group_number,
        turn.return_number,
        turn.return_line_id,
        turn.sale_line_id,
        turn.sold_at,
        true as is_match,
        turn.is_reversal
    from
        (
            select
                sales.group_number,
                explode(
                    aggregate(
                        returns.returns,
                        named_struct(
                            'sales',
                            sales.sales,
                            'turns',
                            cast(
                                array() as array<
                                    struct<
                                        return_number:bigint,
                                        return_line_id:bigint,
                                        sale_line_id:bigint,
                                        sold_at:timestamp,
                                        is_reversal:boolean
                                    >
                                >
                            )
                        ),
                        (state, returns_in_turn) -> transform(
                            array(
                                named_struct(
                                    'equal',
                                    array_max(
                                        transform(
                                            filter(
                                                state.sales,
                                                matching
                                                -> {{ is_equal_sale_in_window() }}
                                            ),
                                            matching -> matching.sale_number
                                        )
                                    ),
                                    'untouched',
                                    array_max(
                                        transform(
                                            filter(
                                                state.sales,
                                                matching
                                                -> {{ is_equal_sale_in_window() }}
                                                and matching.quantity_left
                                                = matching.quantity
                                            ),
                                            matching -> matching.sale_number
                                        )
                                    ),
                                    'enough',
                                    array_max(
                                        transform(
                                            filter(
                                                state.sales,
                                                matching -> matching.sold_at
                                                <= returns_in_turn.returned_at
                                                and matching.quantity_left
                                                >= returns_in_turn.returned_quantity
                                            ),
                                            matching -> matching.sale_number
                                        )
                                    )
                                )
                            ),
                            found -> named_struct(
                                'sales',
                                transform(
                                    state.sales,
                                    matching -> named_struct(
                                        'sale_number',
                                        matching.sale_number,
                                        'sale_line_id',
                                        matching.sale_line_id,
                                        'sold_at',
                                        matching.sold_at,
                                        'price',
                                        matching.price,
                                        'quantity',
                                        matching.quantity,
                                        'quantity_left',
                                        case
                                            when
                                                matching.sale_number = case
                                                    when found.equal = found.untouched
                                                    then found.equal
                                                    else found.enough
                                                end
                                            then
                                                matching.quantity_left
                                                - returns_in_turn.returned_quantity
                                            else matching.quantity_left
                                        end
                                    )
                                ),
                                'turns',
                                concat(
                                    state.turns,
                                    transform(
                                        filter(
                                            state.sales,
                                            matching -> matching.sale_number = case
                                                when found.equal = found.untouched
                                                then found.equal
                                                else found.enough
                                            end
                                        ),
                                        matching -> named_struct(
                                            'return_number',
                                            returns_in_turn.return_number,
                                            'return_line_id',
                                            returns_in_turn.return_line_id,
                                            'sale_line_id',
                                            matching.sale_line_id,
                                            'sold_at',
                                            matching.sold_at,
                                            'is_reversal',
                                            coalesce(
                                                found.equal = found.untouched, false
                                            )
                                        )
                                    )
                                )
                            )
                        )[0],
                        state -> state.turns
                    )
                ) as turn
            from
                (
                    select
                        group_number,
                        collect_list(
                            named_struct(
                                'sale_number',
                                cast(sale_number as bigint),
                                'sale_line_id',
                                sale_line_id,
                                'sold_at',
                                sold_at,
                                'price',
                                price,
                                'quantity',
                                cast(quantity as bigint),
                                'quantity_left',
                                cast(quantity as bigint)
                            )
                        ) as sales
                    from sales_before_returns
                    group by group_number
                ) as sales
            inner join
                (
                    select
                        group_number,
                        array_sort(
                            collect_list(
                                named_struct(
                                    'return_number',
                                    cast(return_number as bigint),
                                    'return_line_id',
                                    return_line_id,
                                    'returned_quantity',
                                    cast(returned_quantity as bigint),
                                    'return_price',
                                    return_price,
                                    'returned_at',
                                    returned_at
                                )
                            )
                        ) as returns
                    from returns_in_turn
                    group by group_number
                ) as returns
                on sales.group_number = returns.group_number
        ) as turns
{% endmacro %}
