-- Grain: one row per category sold by the scoring date.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    trends as (select * from {{ ref("py_category_trends") }}),

    category_trends as (
        select
            scoring_date.as_of_date,
            trends.category,
            cast(trends.month_count as integer) as month_count,
            cast(trends.first_month as date) as first_month,
            cast(trends.last_month as date) as last_month,
            cast(trends.median_revenue as decimal(18, 4)) as median_monthly_revenue,
            trends.autocorrelation,
            trends.tau,
            cast(trends.s_statistic as integer) as s_statistic,
            trends.z_statistic,
            trends.p_value,
            trends.q_value,
            cast(trends.sen_slope as decimal(18, 4)) as sen_slope,
            cast(trends.sen_slope_low as decimal(18, 4)) as sen_slope_low,
            cast(trends.sen_slope_high as decimal(18, 4)) as sen_slope_high,
            trends.sen_slope_share_per_year,
            trends.trend,
            trends.is_significant,
            trends.seasonality,
            trends.method,
            trends.reason,
            case
                when trends.reason is not null
                then concat(trends.category, ': not tested. ', trends.reason)
                else
                    concat(
                        trends.category,
                        case
                            when trends.trend = 'none'
                            then ': no trend that chance does not explain; '
                            else concat(': ', trends.trend, '; ')
                        end,
                        'slope ',
                        {{ amount_text("trends.sen_slope") }},
                        ' a month',
                        case
                            when
                                trends.sen_slope_low is not null
                                and trends.sen_slope_high is not null
                            then
                                concat(
                                    ' (95 % interval ',
                                    {{ number_text("trends.sen_slope_low") }},
                                    ' to ',
                                    {{ number_text("trends.sen_slope_high") }},
                                    ')'
                                )
                            else ' (too few months for an interval)'
                        end,
                        case
                            when trends.sen_slope_share_per_year is not null
                            then
                                concat(
                                    ', ',
                                    {{ share_text("trends.sen_slope_share_per_year") }},
                                    {{
                                        text_literal(
                                            " of a typical month's revenue in a year"
                                        )
                                    }}
                                )
                            else ''
                        end,
                        ', over ',
                        {{ number_text("trends.month_count") }},
                        ' months.'
                    )
            end as sentence
        from trends
        cross join scoring_date
    )

select *
from category_trends
