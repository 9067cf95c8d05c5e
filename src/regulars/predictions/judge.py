"""Figures of the backtests: how ours and simpler models did at every origin, in all and by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from regulars.intervals import covered_share
from regulars.metrics import (
    bootstrap_weights,
    interval,
    macro_roc_auc,
    probability_figures,
    value_figures,
    weighted_brier,
    weighted_gini,
    weighted_roc_auc,
    weighted_spearman,
)
from regulars.predictions.backtest import WORKERS, Backtest
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import (
    CHURN_HORIZONS,
    LABEL_DAYS,
    LOW_CONFIDENCE_HORIZONS,
    VALUE_HORIZONS,
)
from regulars.predictions.value import process_value
from regulars.predictions.value_intervals import Bounds, backtest_bounds
from regulars.predictions.window import process_windows, windows_of

# Models that are judged: ours, and what is simpler.
OURS, OURS_RANK, BG_NBD = "ours", "ours_rank", "bg_nbd"

# Figures decided by bootstrap are given with this interval.
FIGURE_COVERAGE = 0.95

# Models whose figures get bootstrap intervals: those that may serve.
RESAMPLED_MODELS = (OURS, OURS_RANK, BG_NBD)

# Customers that a slice needs to be judged.
MINIMUM_SLICE = 30

# Days before a date at which the same window of the last year ended, by its horizon (five days off); that
# of a year is the last period.
LAST_YEAR_UNTIL = {90: 270, 180: 180}

Figure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Figures with bootstrap intervals; the first is compared with BG/NBD's.
CHURN_FIGURES: dict[str, Figure] = {"roc_auc": weighted_roc_auc, "brier": weighted_brier}
VALUE_FIGURES: dict[str, Figure] = {"gini": weighted_gini, "spearman": weighted_spearman}

# The figure that decides who serves, by task.
DECIDING_FIGURE = {"churn": "roc_auc", "value": "gini", "next_purchase": "roc_auc"}


def judge(backtests: Sequence[Backtest], *, settings: PredictionSettings) -> pd.DataFrame:
    """Figures by task, horizon, origin, model and slice; see `regulars.metrics`.

    The columns <figure>_low and <figure>_high are 95 % bootstrap intervals; difference_to_bg_nbd is the
    deciding figure less BG/NBD's, with its paired interval. interval_coverage and upper_90_coverage are
    shares of customers within the intervals that could have been served with the value.
    """

    def judge_origin(backtest: Backtest) -> list[dict[str, object]]:
        bounds = {
            days: backtest_bounds(backtest, backtests, days, settings=settings)
            for days in VALUE_HORIZONS
        }
        return _judge_origin(backtest, bounds, settings)

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        parts = list(pool.map(judge_origin, backtests))
    return pd.DataFrame([row for part in parts for row in part])


def _judge_origin(
    backtest: Backtest, bounds: Mapping[int, Bounds | None], settings: PredictionSettings
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for slice_type, name, members in _slices(backtest.origin.frame):
        weights = None
        if slice_type != "segment":
            weights = bootstrap_weights(
                int(members.sum()),
                resamples=settings.bootstrap_resamples,
                random_state=settings.random_state,
            )
        head = {"origin": backtest.origin.date, "slice_type": slice_type, "slice": name}
        for task, days, model, figures in _judge_slice(backtest, members, weights, bounds):
            rows.append(
                {
                    "task": task,
                    "horizon_days": days,
                    **head,
                    "model": model,
                    "is_low_confidence": days in LOW_CONFIDENCE_HORIZONS,
                    "customer_count": int(members.sum()),
                    **figures,
                }
            )
    return rows


def _slices(frame: pd.DataFrame) -> list[tuple[str, str, np.ndarray]]:
    slices = [("all", "all", np.ones(len(frame), dtype=bool))]
    for column in ("confidence_tier", "segment"):
        for name in sorted(frame[column].dropna().unique()):
            members = (frame[column] == name).to_numpy()
            if members.sum() >= MINIMUM_SLICE:
                slices.append((column, name, members))
    return slices


def _judge_slice(
    backtest: Backtest,
    members: np.ndarray,
    weights: np.ndarray | None,
    bounds: Mapping[int, Bounds | None],
) -> list[tuple[str, int, str, dict[str, float]]]:
    example, rows = backtest.example, []
    for days in CHURN_HORIZONS:
        if days not in example.orders:
            continue
        lost = (example.orders[days] == 0).astype(float)[members]
        scores = _of_members(churn_scores(backtest, days), members)
        figures = {model: probability_figures(lost, score) for model, score in scores.items()}
        _add_intervals(figures, CHURN_FIGURES, lost, scores, weights)
        rows += [("churn", days, model, row) for model, row in figures.items()]
    for days in VALUE_HORIZONS:
        if days not in example.revenue:
            continue
        actual = example.revenue[days][members]
        scores = _of_members(value_scores(backtest, days), members)
        figures = dict(zip(scores, value_figures(actual, list(scores.values())), strict=True))
        _add_intervals(figures, VALUE_FIGURES, actual, scores, weights)
        if bounds[days]:
            figures[OURS] |= _coverage(actual, *(bound[members] for bound in bounds[days]))
        rows += [("value", days, model, row) for model, row in figures.items()]
    target = windows_of(example.next_order_days)[members]
    for model, chances in window_scores(backtest).items():
        figure = {"roc_auc": macro_roc_auc(target, chances[members])}
        rows.append(("next_purchase", LABEL_DAYS, model, figure))
    return rows


def _coverage(
    actual: np.ndarray, low: np.ndarray, high: np.ndarray, upper: np.ndarray
) -> dict[str, float]:
    # returns of the window may exceed its purchases; a value is never below 0
    actual = np.maximum(actual, 0)
    return {
        "interval_coverage": covered_share(actual, low, high),
        "upper_90_coverage": covered_share(actual, np.zeros_like(upper), upper),
    }


def _of_members(scores: dict[str, np.ndarray], members: np.ndarray) -> dict[str, np.ndarray]:
    return {model: score[members] for model, score in scores.items()}


def _add_intervals(
    figures: dict[str, dict[str, float]],
    functions: dict[str, Figure],
    actual: np.ndarray,
    scores: dict[str, np.ndarray],
    weights: np.ndarray | None,
) -> None:
    """Add bootstrap intervals, and the paired difference of the first figure to BG/NBD's."""
    if weights is None:
        return
    models = [model for model in scores if model in RESAMPLED_MODELS]
    judged = np.array([scores[model] for model in models])
    for number, (name, function) in enumerate(functions.items()):
        resampled = dict(zip(models, function(actual, judged, weights), strict=True))
        for model, values in resampled.items():
            figures[model] |= _with_interval(name, values)
            if number == 0:
                figures[model]["difference_to_bg_nbd"] = (
                    figures[model][name] - figures[BG_NBD][name]
                )
                difference = values - resampled[BG_NBD]
                figures[model] |= _with_interval("difference_to_bg_nbd", difference)


def _with_interval(name: str, resampled: np.ndarray) -> dict[str, float]:
    low, high = interval(resampled, coverage=FIGURE_COVERAGE)
    return {f"{name}_low": low, f"{name}_high": high}


def churn_scores(backtest: Backtest, days: int) -> dict[str, np.ndarray]:
    """Probabilities of no order by every model that is judged."""
    frame, described = backtest.origin.frame, backtest.origin.described
    rate = (frame["repeat_purchase_days"] + 1) / np.maximum(frame["observed_days"], 1)
    recency = described.recency_days
    longest = max(float(recency.max()), 1.0)
    return {
        OURS: backtest.forecast.churn[days],
        BG_NBD: described.no_order[days],
        "last_period": (_bought_in_last(frame, days) == 0).astype(float),
        "historical_rate": np.exp(-rate.to_numpy() * days),
        "same_window_last_year": (_bought_last_year(frame, days) == 0).astype(float),
        "recency_only": recency / longest,
    }


def value_scores(backtest: Backtest, days: int) -> dict[str, np.ndarray]:
    """Forecast values (money) by every model that is judged; value_rank is a score without a unit."""
    frame, described = backtest.origin.frame, backtest.origin.described
    spent = np.maximum(frame["order_revenue"].to_numpy(), 0)
    recency = described.recency_days
    scores = {OURS: backtest.forecast.value[days]}
    if days == LABEL_DAYS:
        scores[OURS_RANK] = backtest.forecast.value_rank
    scores |= {
        BG_NBD: process_value(described, days),
        "last_period": frame[f"order_revenue_last_{days}d"].to_numpy(),
        "historical_rate": spent / np.maximum(frame["observed_days"].to_numpy(), 1) * days,
        "recency_only": spent.mean() * (1 - recency / max(float(recency.max()), 1.0)),
    }
    if days in LAST_YEAR_UNTIL:
        until = frame[f"order_revenue_last_{LAST_YEAR_UNTIL[days]}d"]
        scores["same_window_last_year"] = (frame["order_revenue_last_365d"] - until).to_numpy()
    return scores


def window_scores(backtest: Backtest) -> dict[str, np.ndarray]:
    """Chances of the three windows by every model that is judged."""
    frame, described = backtest.origin.frame, backtest.origin.described
    rate = (frame["repeat_purchase_days"] + 1) / np.maximum(frame["observed_days"], 1)
    near, far = (np.exp(-rate.to_numpy() * days) for days in (30, LABEL_DAYS))
    return {
        OURS: backtest.forecast.windows,
        BG_NBD: process_windows(described),
        "historical_rate": np.column_stack([1 - near, near - far, far]),
    }


def _bought_in_last(frame: pd.DataFrame, days: int) -> np.ndarray:
    return frame[f"purchase_days_last_{days}d"].to_numpy()


def _bought_last_year(frame: pd.DataFrame, days: int) -> np.ndarray:
    until = LAST_YEAR_UNTIL[days]
    year = frame["purchase_days_last_365d"] - frame[f"purchase_days_last_{until}d"]
    return year.to_numpy()


def champions(figures: pd.DataFrame) -> dict[tuple[str, int], tuple[bool, str]]:
    """Whether the recipe serves a task and horizon for beating BG/NBD, and the horizon's figures in words.

    One model serves all horizons of a task: the latest judged origin of the 90 days that it is trained on
    decides.
    """
    won, words = {}, {}
    overall = figures[figures["slice_type"] == "all"] if len(figures) else figures
    for task, days in sorted({(row.task, row.horizon_days) for row in overall.itertuples()}):
        rows = overall[(overall["task"] == task) & (overall["horizon_days"] == days)]
        rows = rows[rows["origin"] == rows["origin"].max()].set_index("model")
        name = DECIDING_FIGURE[task]
        ours, theirs = float(rows.at[OURS, name]), float(rows.at[BG_NBD, name])
        word = name.replace("_", "-").replace("roc-auc", "ROC-AUC")
        won[task, days] = ours > theirs
        words[task, days] = (
            f"Backtest of {rows['origin'].iloc[0]:%Y-%m-%d}: {word} {ours:.4f}, BG/NBD {theirs:.4f}."
        )
    return {(task, days): (won[task, LABEL_DAYS], said) for (task, days), said in words.items()}


def tier_figures(figures: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Ours by confidence tier on the latest judged origin: churn ROC-AUC and value Spearman, 90 days."""
    if figures.empty:
        return {}
    rows = figures[
        (figures["slice_type"] == "confidence_tier")
        & (figures["model"] == OURS)
        & (figures["horizon_days"] == LABEL_DAYS)
    ]
    rows = rows[rows["origin"] == rows["origin"].max()]
    tiers: dict[str, dict[str, float]] = {}
    for row in rows.itertuples():
        tier = tiers.setdefault(row.slice, {})
        if row.task == "churn":
            tier["churn_roc_auc"] = float(row.roc_auc)
        if row.task == "value":
            tier["value_spearman"] = float(row.spearman)
    return tiers
