-- Grain: one row per customer_id at the scoring date.
with
    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    anomalies as (select * from {{ ref("py_customer_anomalies") }}),

    customer_anomalies as (
        select
            scoring_date.as_of_date,
            anomalies.customer_id,
            anomalies.anomaly_score,
            case
                when anomalies.anomaly_score is not null
                then
                    cast(
                        rank() over (
                            order by anomalies.anomaly_score desc nulls last
                        ) as integer
                    )
            end as anomaly_rank,
            anomalies.is_unusual,
            anomalies.top_feature_1,
            anomalies.top_feature_2,
            anomalies.top_feature_3,
            anomalies.reason_1,
            anomalies.reason_2,
            anomalies.reason_3,
            case
                when anomalies.is_unusual
                then
                    concat(
                        'Unlike other customers (score ',
                        {{ number_text("anomalies.anomaly_score", 2) }},
                        '). ',
                        coalesce(anomalies.reason_1, ''),
                        case
                            when anomalies.reason_2 is not null
                            then concat(' ', anomalies.reason_2)
                            else ''
                        end,
                        case
                            when anomalies.reason_3 is not null
                            then concat(' ', anomalies.reason_3)
                            else ''
                        end
                    )
                when anomalies.anomaly_score is not null
                then
                    concat(
                        'Nothing unusual (score ',
                        {{ number_text("anomalies.anomaly_score", 2) }},
                        ').'
                    )
                else 'Not judged: there are too few customers to compare with.'
            end as sentence
        from anomalies
        cross join scoring_date
    )

select *
from customer_anomalies
