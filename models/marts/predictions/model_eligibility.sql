-- Grain: task, horizon_days: who serves, why, and how well it did in the latest
-- backtest.
{% set deciding_figures = {
    "churn": "roc_auc",
    "value": "gini",
    "next_purchase": "roc_auc",
} %}
with
    eligibility as (
        {{
            unpacked_documents(
                "eligibility",
                {
                    "as_of_date": "date",
                    "task": "text",
                    "horizon_days": "integer",
                    "rung": "text",
                    "reason": "text",
                    "customer_count": "bigint",
                    "history_days": "integer",
                    "origin_count": "integer",
                    "labelled_days": "integer",
                    "is_process_converged": "boolean",
                },
            )
        }}
    ),

    figures as (
        select
            task,
            horizon_days,
            origin,
            model,
            case
                task
                {% for task, figure in deciding_figures.items() %}
                    when '{{ task }}' then {{ figure }}
                {% endfor %}
            end as figure,
            difference_to_bg_nbd_low,
            difference_to_bg_nbd_high,
            max(origin) over (partition by task, horizon_days) as latest_origin
        from {{ ref("model_backtest") }}
        where slice_type = 'all' and model in ('ours', 'bg_nbd')
    ),

    latest as (
        select
            task,
            horizon_days,
            max(origin) as judged_on,
            max(case when model = 'ours' then figure end) as figure,
            max(case when model = 'bg_nbd' then figure end) as bg_nbd_figure,
            max(
                case when model = 'ours' then difference_to_bg_nbd_low end
            ) as difference_low,
            max(
                case when model = 'ours' then difference_to_bg_nbd_high end
            ) as difference_high
        from figures
        where origin = latest_origin
        group by task, horizon_days
    ),

    model_eligibility as (
        select
            eligibility.as_of_date,
            eligibility.task,
            eligibility.horizon_days,
            eligibility.rung,
            eligibility.reason,
            eligibility.customer_count,
            eligibility.history_days,
            eligibility.origin_count,
            eligibility.labelled_days,
            eligibility.is_process_converged,
            latest.judged_on,
            case
                eligibility.task
                {% for task, figure in deciding_figures.items() %}
                    when '{{ task }}' then '{{ figure }}'
                {% endfor %}
            end as figure_name,
            latest.figure,
            latest.bg_nbd_figure,
            latest.figure - latest.bg_nbd_figure as difference_to_bg_nbd,
            latest.difference_low as difference_to_bg_nbd_low,
            latest.difference_high as difference_to_bg_nbd_high,
            case
                when latest.figure is null or latest.bg_nbd_figure is null
                then null
                when latest.difference_low > 0
                then 'A'
                when latest.figure >= latest.bg_nbd_figure
                then 'B'
                else 'C'
            end as grade
        from eligibility
        left join
            latest
            on eligibility.task = latest.task
            and eligibility.horizon_days = latest.horizon_days
    )

select *
from model_eligibility
