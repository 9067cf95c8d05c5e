"""Models: how good the predictions are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from regulars.cards import MODEL_NAMES
from regulars.charts import models
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, day, percent

REASON = "select min(reason) from model_eligibility"
UNJUDGED = "No past date could be judged."

JUDGED = """
select
    case task when 'churn' then 'Churn' when 'value' then 'Value' else 'Next purchase' end as task,
    origin, model, slice,
    case task when 'value' then gini else roc_auc end as figure,
    case task when 'value' then gini_low else roc_auc_low end as figure_low,
    case task when 'value' then gini_high else roc_auc_high end as figure_high,
    customer_count
from model_backtest
where horizon_days = 90 and {where}
order by task, {order}"""


def _lede(rows: Mapping[str, list[Row]], _words: Words) -> str | None:
    served = rows["eligibility"]
    if not served:
        return None
    graded = [
        f"{row['task']} {row['horizon_days']} days: {row['grade']}"
        for row in served
        if row["grade"]
    ]
    if not graded:
        return f"No prediction is graded. {served[0]['reason']}"
    return f"Grades of the predictions, A is best: {'; '.join(graded)}."


def _named(rows: list[Row], _words: Words) -> list[Row]:
    known = [row for row in rows if row["model"] in MODEL_NAMES and row["figure"] is not None]
    order = list(MODEL_NAMES)
    named = [{**row, "model_name": MODEL_NAMES[row["model"]]} for row in known]
    return sorted(named, key=lambda row: order.index(row["model"]))


def _ahead(rows: list[Row], _words: Words) -> str | None:
    latest: dict[str, Row] = {}
    for row in rows:
        if row["model"] == "ours" and (
            row["task"] not in latest or row["origin"] > latest[row["task"]]["origin"]
        ):
            latest[row["task"]] = row
    if not latest:
        return None
    parts = [f"{task.lower()} {row['figure']:.3f}" for task, row in sorted(latest.items())]
    when = max(row["origin"] for row in latest.values())
    return f"Served recipe as judged at {day(when)}: {', '.join(parts)}."


def _features(rows: list[Row], _words: Words) -> list[Row]:
    return [
        {**row, "feature_name": row["wording"] or row["feature"].replace("_", " ")} for row in rows
    ]


def _threshold(rows: list[Row], words: Words) -> str | None:
    chosen = next((row for row in rows if row["is_chosen"]), None)
    if chosen is None:
        return None
    return (
        f"Served is {percent(chosen['threshold'], 0)}: {percent(chosen['contacted_share'], 0)} of customers "
        f"would have been contacted, {percent(chosen['precision'], 0)} of them rightly, with a net gain of "
        f"{words.money(chosen['net_gain'])}."
    )


def _right(rows: list[Row], _words: Words) -> str | None:
    total = sum(row["customer_count"] for row in rows)
    if not total:
        return None
    right = sum(
        row["customer_count"] for row in rows if row["predicted_window"] == row["actual_window"]
    )
    return f"The likeliest window was the right one for {percent(right / total, 0)} of customers."


def _gained(rows: list[Row], _words: Words) -> str | None:
    fifth = next((row for row in rows if row["decile"] == 2), None)
    if fifth is None or fifth["captured_share"] is None:
        return None
    return (
        f"The first 20% of customers hold {percent(fifth['captured_share'], 0)} of what is sought."
    )


CALIBRATION = """
select decile, predicted_mean, actual_mean, customer_count, residual_low, residual_median, residual_high
from model_calibration
where
    task = '{task}' and horizon_days = 90
    and origin = (
        select max(origin) from model_calibration where task = '{task}' and horizon_days = 90
    )
order by decile"""
GAINS = """
select decile, customer_share, captured_share
from model_gains
where
    task = '{task}' and horizon_days = 90
    and origin = (select max(origin) from model_gains where task = '{task}' and horizon_days = 90)
order by decile"""
IMPORTANCE = """
select feature, wording, importance, importance_rank
from model_feature_importance
where task = '{task}'
order by importance_rank
limit 12"""

MODELS = Tab(
    key="models",
    title="Models",
    question="How good are the predictions, and what do they lean on?",
    lede=_lede,
    panels=(
        Panel(
            key="eligibility",
            title="Who serves, and why",
            kind="table",
            about="Grade A: the recipe beat BG/NBD for certain; the reason says what decided.",
            tables=("model_eligibility",),
            query="""
select
    replace(task, '_', ' ') as task, horizon_days, grade, rung, reason,
    case figure_name when 'roc_auc' then 'ROC-AUC' else figure_name end as figure_name, figure,
    bg_nbd_figure, judged_on, customer_count
from model_eligibility
order by task, horizon_days""",
            missing="There is no prediction in this database.",
        ),
        Panel(
            key="backtests",
            title="Judged on past dates",
            about="At each date the models knew only what was known then. Bars are 95% intervals.",
            tables=("model_backtest",),
            query=JUDGED.format(where="slice_type = 'all'", order="origin, model"),
            missing=UNJUDGED,
            reason=REASON,
            prepare=_named,
            chart=models.backtests,
            finding=_ahead,
            select="task",
            columns=(
                "task",
                "origin",
                "model_name",
                "figure",
                "figure_low",
                "figure_high",
                "customer_count",
            ),
            figures=(
                Figure("churn_backtests", "ROC-AUC by judged date", "Churn"),
                Figure("value_backtests", "normalised Gini by judged date", "Value"),
            ),
            width="half",
        ),
        Panel(
            key="backtest_tiers",
            title="By how much is known of a customer",
            about="The latest judged date, by confidence tier.",
            tables=("model_backtest",),
            query=JUDGED.format(
                where="slice_type = 'confidence_tier' and model in ('ours', 'bg_nbd') and origin = "
                "(select max(origin) from model_backtest where horizon_days = 90)",
                order="customer_count, slice, model",
            ),
            missing=UNJUDGED,
            reason=REASON,
            prepare=_named,
            chart=models.tiers,
            select="task",
            columns=(
                "task",
                "slice",
                "model_name",
                "figure",
                "figure_low",
                "figure_high",
                "customer_count",
            ),
            figures=(Figure("churn_tiers", "ROC-AUC by confidence tier", "Churn"),),
            width="half",
        ),
        Panel(
            key="churn_reliability",
            title="Churn: predicted and happened",
            about="Each dot is a tenth of the customers; on the dashed line predictions are right on average.",
            tables=("model_calibration",),
            query=CALIBRATION.format(task="churn"),
            missing=UNJUDGED,
            reason=REASON,
            chart=partial(models.reliability, is_money=False),
            columns=("decile", "predicted_mean", "actual_mean", "customer_count"),
            figures=(Figure("churn_reliability", "share without an order in 90 days"),),
            width="half",
        ),
        Panel(
            key="churn_thresholds",
            title="Churn: from which probability to contact",
            about="The latest judged date; the dashed line is the threshold in use.",
            tables=("model_threshold_sweep",),
            query="""
select threshold, precision, recall, contacted_share, net_gain, is_chosen
from model_threshold_sweep
where origin = (select max(origin) from model_threshold_sweep)
order by threshold""",
            missing=UNJUDGED,
            reason=REASON,
            chart=models.threshold_sweep,
            finding=_threshold,
            figures=(Figure("churn_thresholds", "precision, recall and share contacted"),),
            width="half",
        ),
        Panel(
            key="churn_gains",
            title="Churn: found by contacting the first",
            tables=("model_gains",),
            query=GAINS.format(task="churn"),
            missing=UNJUDGED,
            reason=REASON,
            chart=models.gains,
            finding=_gained,
            figures=(Figure("churn_gains", "share of those without an order that is found"),),
            width="half",
        ),
        Panel(
            key="churn_importance",
            title="Churn: what the models lean on",
            about="Mean absolute Shapley value over customers.",
            tables=("model_feature_importance",),
            query=IMPORTANCE.format(task="churn"),
            missing="No model with features serves.",
            reason=REASON,
            prepare=_features,
            chart=models.importance,
            columns=("feature_name", "importance", "importance_rank"),
            figures=(Figure("churn_shap", "mean absolute Shapley value"),),
            width="half",
        ),
        Panel(
            key="value_reliability",
            title="Value: predicted and happened",
            about="Each dot is a tenth of the customers: mean net revenue in 90 days.",
            tables=("model_calibration",),
            query=CALIBRATION.format(task="value"),
            missing=UNJUDGED,
            reason=REASON,
            chart=partial(models.reliability, is_money=True),
            columns=("decile", "predicted_mean", "actual_mean", "customer_count"),
            figures=(Figure("value_actual_predicted", "mean net revenue in 90 days by tenth"),),
            width="half",
        ),
        Panel(
            key="value_residuals",
            title="Value: how far off",
            about="Happened less predicted: the dot is the median, the bar holds the middle 80% of a tenth.",
            tables=("model_calibration",),
            query=CALIBRATION.format(task="value"),
            missing=UNJUDGED,
            reason=REASON,
            chart=models.residuals,
            columns=(
                "decile",
                "residual_low",
                "residual_median",
                "residual_high",
                "customer_count",
            ),
            figures=(Figure("value_residuals", "net revenue in 90 days less what was predicted"),),
            width="half",
        ),
        Panel(
            key="value_gains",
            title="Value: found among the first",
            tables=("model_gains",),
            query=GAINS.format(task="value"),
            missing=UNJUDGED,
            reason=REASON,
            chart=models.gains,
            finding=_gained,
            figures=(Figure("value_gains", "share of revenue that is found"),),
            width="half",
        ),
        Panel(
            key="value_importance",
            title="Value: what the models lean on",
            about="Mean absolute Shapley value over customers.",
            tables=("model_feature_importance",),
            query=IMPORTANCE.format(task="value"),
            missing="No model with features serves.",
            reason=REASON,
            prepare=_features,
            chart=models.importance,
            columns=("feature_name", "importance", "importance_rank"),
            figures=(Figure("value_shap", "mean absolute Shapley value"),),
            width="half",
        ),
        Panel(
            key="window_confusion",
            title="Next purchase: expected and happened",
            about="Of the customers to whom the row happened, the share for whom the column was likeliest. Active: within 30 days; Warming: 31 to 90; Dormant: not in 90.",
            tables=("model_window_confusion",),
            query="""
select
    predicted_window, actual_window, customer_count,
    customer_count / nullif(sum(customer_count) over (partition by actual_window), 0) as actual_share
from model_window_confusion
where origin = (select max(origin) from model_window_confusion)
order by
    case actual_window when 'Active' then 1 when 'Warming' then 2 else 3 end,
    case predicted_window when 'Active' then 1 when 'Warming' then 2 else 3 end""",
            missing=UNJUDGED,
            reason=REASON,
            chart=models.confusion,
            finding=_right,
            figures=(Figure("window_confusion", "share of those to whom it happened"),),
            width="half",
        ),
        Panel(
            key="windows_by_segment",
            title="Next purchase: expected by segment",
            tables=("customer_scores",),
            query="""
select
    segment, next_order.window_name as window, next_order.window_order,
    sum(cast(next_order.chance as decimal(18, 9))) / count(*) as share, count(*) as customer_count
from customer_scores
inner join customer_segments using (customer_id)
cross join lateral (
    values
        ('within 30 days', 1, next_order_within_30d_probability),
        ('31 to 90 days', 2, next_order_31_to_90d_probability),
        ('not in 90 days', 3, no_order_within_90d_probability)
) as next_order(window_name, window_order, chance)
inner join report_segments using (segment)
where next_order.chance is not null and not report_segments.is_suppressed
group by segment, next_order.window_name, next_order.window_order, report_segments.display_order
order by report_segments.display_order, next_order.window_order""",
            missing="Scores are withheld.",
            reason="select min(withheld_reason) from customer_scores where withheld_reason is not null",
            chart=models.windows,
            columns=("segment", "window", "share", "customer_count"),
            figures=(Figure("windows_by_segment", "expected share of customers by next order"),),
            width="half",
        ),
        Panel(
            key="recommendation_backtest",
            title="Recommendations judged",
            about="Share of customers who bought one of ten products, at the latest judged date.",
            tables=("recommendation_backtest",),
            query="""
select
    replace(task, '_', ' ') as recommended, replace(replace(method, 'ours', 'Regulars'), '_', ' ') as method, hit_rate,
    hit_rate_low, hit_rate_high, lead, lead_low, lead_high, customer_count, origin
from recommendation_backtest
where origin = (select max(origin) from recommendation_backtest)
order by task, hit_rate desc, method""",
            missing="The history is too short to judge recommendations on a past date.",
            chart=models.recommendations,
            select="recommended",
            figures=(Figure("recommendation_backtest", "hit rate of ten products"),),
        ),
    ),
)
