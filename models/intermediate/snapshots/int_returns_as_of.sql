-- Grain: as_of_date, customer_id. What each customer had returned by each feature date.
with
    feature_dates as (select * from {{ ref("int_as_of_dates") }} where is_feature_date),

    customer_returns as (select * from {{ ref("int_customer_returns") }}),

    returns_as_of as (
        select
            feature_dates.as_of_date,
            customer_returns.customer_id,
            cast(sum(customer_returns.returned_units) as bigint) as returned_units,
            cast(
                sum(customer_returns.returned_value) as decimal(18, 4)
            ) as returned_value,
            {% for days in [90, 365] %}
                cast(
                    sum(
                        case
                            when
                                customer_returns.returned_date
                                >= {{ add_days("feature_dates.as_of_date", -days) }}
                            then customer_returns.returned_value
                            else 0
                        end
                    ) as decimal(18, 4)
                ) as returned_value_last_{{ days }}d{{ "," if not loop.last }}
            {% endfor %}
        from customer_returns
        inner join
            feature_dates on customer_returns.returned_date < feature_dates.as_of_date
        group by feature_dates.as_of_date, customer_returns.customer_id
    )

select *
from returns_as_of
