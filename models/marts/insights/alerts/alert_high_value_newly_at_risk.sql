{% set highest_score = 5 %}

-- Grain: one row: customers of the highest monetary score who moved into a segment at
-- risk between the last two month ends.
with
    rule as ({{ alert_rule("high_value_newly_at_risk") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    standings as (select * from {{ ref("segment_standings") }}),

    customer_scores as (select * from {{ ref("customer_scores") }}),

    months as (
        select
            as_of_date as to_date,
            lag(as_of_date) over (order by as_of_date) as from_date,
            row_number() over (order by as_of_date desc) as months_ago
        from
            (select distinct as_of_date from {{ ref("segment_history") }}) as month_ends
    ),

    high_value as (
        select
            months.from_date,
            months.to_date,
            months.months_ago,
            before.customer_id,
            before.monetary,
            standings_before.standing in ('active', 'slipping')
            and standings_after.standing = 'at_risk' as is_newly_at_risk
        from months
        inner join
            {{ ref("segment_history") }} as before
            on months.from_date = before.as_of_date
            and before.m_score = {{ highest_score }}
        inner join
            standings as standings_before on before.segment = standings_before.segment
        left join
            {{ ref("segment_history") }} as after
            on months.to_date = after.as_of_date
            and before.customer_id = after.customer_id
        left join
            standings as standings_after on after.segment = standings_after.segment
    ),

    by_month as (
        select
            high_value.from_date,
            high_value.to_date,
            high_value.months_ago,
            count(*) as high_value_count,
            sum(
                case when high_value.is_newly_at_risk then 1 else 0 end
            ) as customer_count,
            sum(
                case
                    when high_value.is_newly_at_risk then high_value.monetary else 0
                end
            ) as monetary,
            sum(
                case
                    when high_value.is_newly_at_risk
                    then
                        cast(
                            coalesce(customer_scores.value_at_risk_90d, 0) as decimal(
                                18, 4
                            )
                        )
                    else 0
                end
            ) as value_at_risk
        from high_value
        left join
            customer_scores on high_value.customer_id = customer_scores.customer_id
        group by high_value.from_date, high_value.to_date, high_value.months_ago
    ),

    shares as (
        select
            by_month.*,
            cast(customer_count as double) / high_value_count as newly_at_risk_share
        from by_month
    ),

    usual as (
        select
            percentile_cont(0.5) within group (
                order by shares.newly_at_risk_share
            ) as usual_share
        from shares
        cross join rule
        cross join scoring_date
        where
            shares.months_ago > 1
            and {{ days_between("shares.to_date", "scoring_date.as_of_date") }}
            <= rule.window_days
    ),

    measured as (
        select
            'Customers of the highest monetary score' as subject,
            shares.newly_at_risk_share as value,
            usual.usual_share as baseline,
            shares.customer_count,
            shares.value_at_risk as amount_at_stake,
            shares.from_date as period_start,
            shares.to_date as period_end,
            concat(
                {{ number_text("shares.customer_count") }},
                ' of ',
                {{ number_text("shares.high_value_count") }},
                ' customers of the highest monetary score (',
                {{ share_text("shares.newly_at_risk_share", 1) }},
                ') moved into a segment at risk between ',
                cast(shares.from_date as string),
                ' and ',
                cast(shares.to_date as string),
                case
                    when usual.usual_share is null
                    then ''
                    else
                        concat('; usual are ', {{ share_text("usual.usual_share", 1) }})
                end,
                '. They have brought ',
                {{ amount_text("shares.monetary") }},
                '; of the next 90 days ',
                {{ amount_text("shares.value_at_risk") }},
                ' are at risk.'
            ) as sentence
        from shares
        cross join usual
        where shares.months_ago = 1
    ),

    alert as ({{ alert_rows() }})

select *
from alert
