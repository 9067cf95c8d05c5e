"""Backtests: at every earlier origin, train with what was known then and judge by what followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

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
from regulars.predictions.churn import Example
from regulars.predictions.ladder import choose_rung, gather_evidence
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import (
    CHURN_HORIZONS,
    LABEL_DAYS,
    RECIPE,
    Forecast,
    Forecaster,
    Origin,
    train_forecaster,
)
from regulars.predictions.value import process_value
from regulars.predictions.window import process_windows, windows_of
from regulars.threads import single_threaded

# Models that are judged: ours, and what is simpler.
OURS, OURS_RANK, BG_NBD = "ours", "ours_rank", "bg_nbd"

RECIPE_TASKS = frozenset({"churn", "value", "next_purchase"})

# Figures decided by bootstrap are given with this interval.
FIGURE_COVERAGE = 0.95

# Models whose figures get bootstrap intervals: those that may serve.
RESAMPLED_MODELS = (OURS, OURS_RANK, BG_NBD)

# Customers that a slice needs to be judged.
MINIMUM_SLICE = 30

# Groups of customers of equal count in calibration and gains.
DECILES = 10

# Trainings that run at once; each is one thread, so results do not depend on it.
WORKERS = 2

# Days before a date at which the same window of the last year ended, by its horizon (five days off).
LAST_YEAR_UNTIL = {90: 270, 180: 180}

Figure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

# Figures with bootstrap intervals; the first is compared with BG/NBD's.
CHURN_FIGURES: dict[str, Figure] = {"roc_auc": weighted_roc_auc, "brier": weighted_brier}
VALUE_FIGURES: dict[str, Figure] = {"gini": weighted_gini, "spearman": weighted_spearman}

# The figure that decides who serves, by task.
DECIDING_FIGURE = {"churn": "roc_auc", "value": "gini", "next_purchase": "roc_auc"}


@dataclass(frozen=True)
class Backtest:
    """One origin, judged.

    Attributes:
        origin: The snapshot.
        example: What followed, as far as known on the scoring date.
        forecaster: Trained with what was known on the origin.
        forecast: What it would have served.
        is_recipe: Whether the data then allowed the full recipe's gate.
    """

    origin: Origin
    example: Example
    forecaster: Forecaster
    forecast: Forecast
    is_recipe: bool


def run_backtests(
    origins: Sequence[Origin],
    *,
    date: pd.Timestamp,
    first_date: pd.Timestamp,
    shop_windows: pd.DataFrame,
    settings: PredictionSettings,
) -> list[Backtest]:
    """Train at every origin whose 90-day window is over on a date.

    Args:
        origins: Described snapshots; outcomes of windows not over on the date are not looked at.
        date: First day that is not counted.
        first_date: Day of the shop's first sale.
        shop_windows: Columns SHOP_WINDOW_COLUMNS.
        settings: Business numbers.
    """

    def run(origin: Origin) -> Backtest | None:
        example = origin.example(known_on=date)
        evidence = gather_evidence(
            origins,
            date=origin.date,
            first_date=first_date,
            customer_count=len(origin.frame),
            settings=settings,
        )
        if example is None or not evidence.is_converged:
            return None
        # with too little to learn from, the purchase process is judged alone
        recipes = RECIPE_TASKS if evidence.has_outcomes else frozenset()
        forecaster = train_forecaster(
            [other for other in origins if other.date <= origin.date],
            date=origin.date,
            shop_windows=shop_windows,
            customer_count=len(origin.frame),
            recipes=recipes,
            settings=settings,
        )
        forecast = forecaster.forecast(origin.described)
        is_recipe = choose_rung(evidence, settings=settings)[0] == RECIPE
        return Backtest(origin, example, forecaster, forecast, is_recipe)

    earlier = [origin for origin in origins if origin.date < date]
    with single_threaded(), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return [result for result in pool.map(run, earlier) if result is not None]


def judge(backtests: Sequence[Backtest], *, settings: PredictionSettings) -> pd.DataFrame:
    """Figures by task, horizon, origin, model and slice; see `regulars.metrics`.

    The columns <figure>_low and <figure>_high are 95 % bootstrap intervals; difference_to_bg_nbd is the
    deciding figure less BG/NBD's, with its paired interval.
    """
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        parts = list(pool.map(lambda backtest: _judge_origin(backtest, settings), backtests))
    return pd.DataFrame([row for part in parts for row in part])


def _judge_origin(backtest: Backtest, settings: PredictionSettings) -> list[dict[str, object]]:
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
        for task, days, model, figures in _judge_slice(backtest, members, weights):
            rows.append(
                {
                    "task": task,
                    "horizon_days": days,
                    **head,
                    "model": model,
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
    backtest: Backtest, members: np.ndarray, weights: np.ndarray | None
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
        actual = example.revenue[days][members]
        scores = _of_members(value_scores(backtest, days), members)
        figures = {model: value_figures(actual, score) for model, score in scores.items()}
        _add_intervals(figures, VALUE_FIGURES, actual, scores, weights)
        rows += [("value", days, model, row) for model, row in figures.items()]
    target = windows_of(example.next_order_days)[members]
    for model, chances in window_scores(backtest).items():
        figure = {"roc_auc": macro_roc_auc(target, chances[members])}
        rows.append(("next_purchase", LABEL_DAYS, model, figure))
    return rows


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
    for number, (name, function) in enumerate(functions.items()):
        resampled = {
            model: function(actual, score, weights)
            for model, score in scores.items()
            if model in RESAMPLED_MODELS
        }
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
    return scores | {
        BG_NBD: process_value(described, days),
        "last_period": frame[f"order_revenue_last_{days}d"].to_numpy(),
        "historical_rate": spent / np.maximum(frame["observed_days"].to_numpy(), 1) * days,
        "same_window_last_year": (
            frame["order_revenue_last_365d"] - frame[f"order_revenue_last_{LAST_YEAR_UNTIL[days]}d"]
        ).to_numpy(),
        "recency_only": spent.mean() * (1 - recency / max(float(recency.max()), 1.0)),
    }


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
    """Whether the recipe beat BG/NBD on the latest judged origin of a task, and the figures in words."""
    decided = {}
    overall = figures[figures["slice_type"] == "all"] if len(figures) else figures
    for task, days in sorted({(row.task, row.horizon_days) for row in overall.itertuples()}):
        rows = overall[(overall["task"] == task) & (overall["horizon_days"] == days)]
        rows = rows[rows["origin"] == rows["origin"].max()].set_index("model")
        name = DECIDING_FIGURE[task]
        ours, theirs = float(rows.at[OURS, name]), float(rows.at[BG_NBD, name])
        origin = f"{rows['origin'].iloc[0]:%Y-%m-%d}"
        word = name.replace("_", "-").replace("roc-auc", "ROC-AUC")
        decided[(task, days)] = (
            ours > theirs,
            f"Backtest of {origin}: {word} {ours:.4f}, BG/NBD {theirs:.4f}.",
        )
    return decided


def calibration_table(backtests: Sequence[Backtest]) -> pd.DataFrame:
    """Predicted and actual by decile of the prediction, for churn and value at each origin."""
    rows = []
    for backtest in backtests:
        for task, days, predicted, actual in _served(backtest):
            for number, members in enumerate(_deciles(predicted), start=1):
                rows.append(
                    {
                        "task": task,
                        "horizon_days": days,
                        "origin": backtest.origin.date,
                        "decile": number,
                        "customer_count": len(members),
                        "predicted_mean": float(predicted[members].mean()),
                        "actual_mean": float(actual[members].mean()),
                    }
                )
    return pd.DataFrame(rows)


def gains_table(backtests: Sequence[Backtest]) -> pd.DataFrame:
    """Share of the lost customers, or of value, among the best tenth, two tenths and so on."""
    rows = []
    for backtest in backtests:
        for task, days, predicted, actual in _served(backtest):
            total = float(actual.sum())
            captured = 0.0
            for number, members in enumerate(_deciles(predicted), start=1):
                captured += float(actual[members].sum())
                rows.append(
                    {
                        "task": task,
                        "horizon_days": days,
                        "origin": backtest.origin.date,
                        "decile": number,
                        "customer_share": number / DECILES,
                        "captured_share": captured / total if total > 0 else None,
                    }
                )
    return pd.DataFrame(rows)


def _served(backtest: Backtest) -> list[tuple[str, int, np.ndarray, np.ndarray]]:
    example, served = backtest.example, []
    for days in CHURN_HORIZONS:
        if days in example.orders:
            lost = (example.orders[days] == 0).astype(float)
            served.append(("churn", days, backtest.forecast.churn[days], lost))
            served.append(("value", days, backtest.forecast.value[days], example.revenue[days]))
    return served


def _deciles(predicted: np.ndarray) -> list[np.ndarray]:
    return np.array_split(np.argsort(-predicted, kind="stable"), DECILES)


def decision_threshold(
    backtests: Sequence[Backtest], *, settings: PredictionSettings
) -> dict[str, object] | None:
    """Churn probability from which a contact pays, chosen on all judged origins but the latest.

    A contact costs `contact_cost`; it wins a lost customer back with the chance
    `contact_success_rate`, which brings `margin` of the value that the customer would have if active.
    The threshold with the greatest gain over the earlier origins is judged on the latest.

    Returns:
        The threshold with its figures; None with fewer than two judged origins.
    """
    if len(backtests) < 2:
        return None
    steps = np.round(np.arange(0.05, 1.0, 0.01), 2)
    gains = np.sum([_gain_curve(backtest, steps, settings) for backtest in backtests[:-1]], axis=0)
    threshold = float(steps[int(np.argmax(gains))])
    latest = backtests[-1]
    lost = latest.example.orders[LABEL_DAYS] == 0
    contacted = latest.forecast.churn[LABEL_DAYS] >= threshold
    worth = _value_if_active(latest)
    at_stake = float(worth[lost].sum())
    found = contacted & lost
    return {
        "threshold": threshold,
        "chosen_on": [f"{backtest.origin.date:%Y-%m-%d}" for backtest in backtests[:-1]],
        "judged_on": f"{latest.origin.date:%Y-%m-%d}",
        "contacted_share": float(contacted.mean()),
        "precision": float(found.sum() / contacted.sum()) if contacted.any() else None,
        "recall": float(found.sum() / lost.sum()) if lost.any() else None,
        "captured_value_share": float(worth[found].sum()) / at_stake if at_stake > 0 else None,
        "net_gain": float(_gain_curve(latest, np.array([threshold]), settings)[0]),
    }


def _value_if_active(backtest: Backtest) -> np.ndarray:
    chance = np.maximum(1 - backtest.forecast.churn[LABEL_DAYS], 1e-3)
    return backtest.forecast.value[LABEL_DAYS] / chance


def _gain_curve(backtest: Backtest, steps: np.ndarray, settings: PredictionSettings) -> np.ndarray:
    churn = backtest.forecast.churn[LABEL_DAYS]
    lost = backtest.example.orders[LABEL_DAYS] == 0
    won = settings.contact_success_rate * settings.margin * _value_if_active(backtest)
    gain = np.where(lost, won, 0.0) - settings.contact_cost
    order = np.argsort(churn, kind="stable")
    above = np.concatenate([np.cumsum(gain[order][::-1])[::-1], [0.0]])
    return above[np.searchsorted(churn[order], steps, side="left")]


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
