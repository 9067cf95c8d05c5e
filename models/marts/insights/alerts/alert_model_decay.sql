{% set figures = ["roc_auc", "gini"] %}

-- Grain: one row per task and horizon with a backtest: the full recipe in the latest
-- one, against the best baseline of it.
with
    rule as ({{ alert_rule("model_decay") }}),

    scoring_date as (select * from {{ ref("int_as_of_dates") }} where is_scoring_date),

    eligibility as (select * from {{ ref("model_eligibility") }}),

    backtest as (
        select *
        from {{ ref("model_backtest") }}
        where slice_type = 'all' and model <> 'ours_rank'
    ),

    judged as (
        select
            eligibility.task,
            eligibility.horizon_days,
            eligibility.rung,
            eligibility.figure_name,
            eligibility.judged_on,
            backtest.customer_count,
            backtest.model,
            case
                eligibility.figure_name
                {% for figure in figures %}
                    when '{{ figure }}' then backtest.{{ figure }}
                {% endfor %}
            end as figure
        from eligibility
        inner join
            backtest
            on eligibility.task = backtest.task
            and eligibility.horizon_days = backtest.horizon_days
            and eligibility.judged_on = backtest.origin
    ),

    baselines as (
        select
            task,
            horizon_days,
            model,
            figure,
            row_number() over (
                partition by task, horizon_days order by figure desc, model asc
            ) as figure_rank
        from judged
        where model <> 'ours' and figure is not null
    ),

    compared as (
        select
            judged.*,
            baselines.model as baseline_model,
            baselines.figure as baseline_figure
        from judged
        inner join
            baselines
            on judged.task = baselines.task
            and judged.horizon_days = baselines.horizon_days
            and baselines.figure_rank = 1
        where judged.model = 'ours' and judged.figure is not null
    ),

    measured as (
        select
            concat(task, ' ', cast(horizon_days as string), ' days') as subject,
            figure - baseline_figure as value,
            baseline_figure as baseline,
            customer_count,
            null as amount_at_stake,
            judged_on as period_start,
            {{ add_days("judged_on", "horizon_days") }} as period_end,
            concat(
                'In the latest backtest (',
                cast(judged_on as string),
                ', ',
                {{ number_text("customer_count") }},
                ' customers) the full recipe for ',
                task,
                ' in ',
                cast(horizon_days as string),
                ' days reached ',
                figure_name,
                ' ',
                {{ number_text("figure", 4) }},
                ', the best baseline, ',
                baseline_model,
                ', ',
                {{ number_text("baseline_figure", 4) }},
                '. ',
                case
                    rung
                    when 'recipe'
                    then 'The recipe serves.'
                    when 'purchase_process'
                    then 'The purchase process serves.'
                    else 'Rates of segments serve.'
                end
            ) as sentence
        from compared
    ),

    alert as ({{ alert_rows() }})

select *
from alert
