-- Grain: one row per customer at the scoring date: the one of the five CLV groups that
-- the first fitting rule of seed clv_group_rules gives, or why there is none.
{% set shares = ["recency_share", "frequency_share", "monetary_share", "clv_share"] %}
with
    scores as (select * from {{ ref("customer_scores") }}),

    rfm as (select * from {{ ref("customer_rfm") }}),

    customers as (select * from {{ ref("customers") }}),

    discounts as (select * from {{ ref("int_customer_discounts") }}),

    clv_group_rules as (select * from {{ ref("clv_group_rules") }}),

    clv_means as (
        -- of decimals: the mean does not depend on the order of rows
        select
            cast(sum(cast(clv_90d as decimal(18, 4))) as double)
            / nullif(count(clv_90d), 0) as clv_90d
        from scores
    ),

    -- shares of customers who are better: equal customers have equal ones
    standings as (
        select
            scores.as_of_date,
            scores.customer_id,
            scores.is_withheld,
            scores.withheld_reason as score_withheld_reason,
            scores.churn_probability_90d,
            rfm.recency_days,
            rfm.frequency,
            {{
                days_between(
                    "cast(customers.first_purchase_at as date)", "scores.as_of_date"
                )
            }} as tenure_days,
            cast(rank() over (order by rfm.recency_days asc) - 1 as double)
            / count(*) over () as recency_share,
            cast(rank() over (order by rfm.frequency desc) - 1 as double)
            / count(*) over () as frequency_share,
            cast(rank() over (order by rfm.monetary desc) - 1 as double)
            / count(*) over () as monetary_share,
            case
                when scores.clv_90d is not null
                then
                    cast(
                        rank() over (order by scores.clv_90d desc nulls last)
                        - 1 as double
                    )
                    / nullif(count(scores.clv_90d) over (), 0)
            end as clv_share,
            scores.clv_90d / nullif(clv_means.clv_90d, 0) as clv_to_average,
            discounts.comparable_line_count,
            discounts.discount_line_share,
            discounts.withheld_reason as discount_withheld_reason
        from scores
        inner join rfm on scores.customer_id = rfm.customer_id
        inner join customers on scores.customer_id = customers.customer_id
        inner join discounts on scores.customer_id = discounts.customer_id
        cross join clv_means
    ),

    matching_rules as (
        select
            standings.customer_id,
            clv_group_rules.clv_group,
            row_number() over (
                partition by standings.customer_id order by clv_group_rules.priority
            ) as rule_rank
        from standings
        inner join
            clv_group_rules
            on standings.recency_share
            >= coalesce(clv_group_rules.recency_share_from, 0)
            {% for share in shares %}
                and (
                    clv_group_rules.{{ share }}_below is null
                    or standings.{{ share }} < clv_group_rules.{{ share }}_below
                )
            {% endfor %}
            and (
                clv_group_rules.clv_to_average_above is null
                or standings.clv_to_average > clv_group_rules.clv_to_average_above
            )
            and standings.frequency >= coalesce(clv_group_rules.order_count_from, 0)
            and (
                clv_group_rules.order_count_to is null
                or standings.frequency <= clv_group_rules.order_count_to
            )
            and (
                clv_group_rules.tenure_days_from is null
                or standings.tenure_days >= clv_group_rules.tenure_days_from
            )
            and (
                clv_group_rules.tenure_days_to is null
                or standings.tenure_days <= clv_group_rules.tenure_days_to
            )
            and (
                clv_group_rules.churn_probability_from is null
                or standings.churn_probability_90d
                >= clv_group_rules.churn_probability_from
            )
            and (
                clv_group_rules.discount_line_share_from is null
                or standings.discount_line_share
                >= clv_group_rules.discount_line_share_from
            )
        where not standings.is_withheld
    ),

    customer_clv_groups as (
        select
            standings.as_of_date,
            standings.customer_id,
            matching_rules.clv_group,
            case
                when standings.is_withheld
                then concat('Scores withheld: ', standings.score_withheld_reason)
                else
                    concat(
                        case
                            when matching_rules.clv_group is null
                            then 'No rule fits: '
                            else 'Fits: '
                        end,
                        'last order ',
                        {{ number_text("standings.recency_days") }},
                        ' days ago (',
                        {{ share_text("standings.recency_share") }},
                        ' bought more recently), orders: ',
                        {{ number_text("standings.frequency") }},
                        ' (',
                        {{ share_text("standings.frequency_share") }},
                        ' have more; ',
                        {{ share_text("standings.monetary_share") }},
                        ' spent more), first order ',
                        {{ number_text("standings.tenure_days") }},
                        ' days ago, expected value ',
                        {{ number_text("standings.clv_to_average", 1) }},
                        ' times the average, chance of no order in 90 days ',
                        {{ share_text("standings.churn_probability_90d") }},
                        case
                            when standings.discount_line_share is not null
                            then
                                concat(
                                    ', lines below the price of the time ',
                                    {{ share_text("standings.discount_line_share") }}
                                )
                            else ''
                        end,
                        '.',
                        case
                            when
                                matching_rules.clv_group is null
                                and standings.discount_withheld_reason is not null
                            then
                                concat(
                                    ' Whether reductions drive the customer cannot be told: ',
                                    standings.discount_withheld_reason
                                )
                            else ''
                        end
                    )
            end as reason,
            standings.recency_share,
            standings.frequency_share,
            standings.monetary_share,
            standings.clv_share,
            standings.clv_to_average,
            cast(standings.comparable_line_count as bigint) as comparable_line_count,
            standings.discount_line_share,
            standings.discount_withheld_reason
        from standings
        left join
            matching_rules
            on standings.customer_id = matching_rules.customer_id
            and matching_rules.rule_rank = 1
    )

select *
from customer_clv_groups
