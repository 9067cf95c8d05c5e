"""Backtests: at every earlier origin, train with what was known then and forecast what followed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

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
from regulars.predictions.window import WINDOWS, windows_of
from regulars.threads import single_threaded

RECIPE_TASKS = frozenset({"churn", "value", "next_purchase"})

# Groups of customers of equal count in calibration and gains.
DECILES = 10

# Percentiles of what happened less what was predicted, within a tenth of the customers.
RESIDUAL_PERCENTILES = {"residual_low": 10, "residual_median": 50, "residual_high": 90}

# Churn probabilities that are tried as the one from which a contact pays.
THRESHOLDS = np.round(np.arange(0.05, 1.0, 0.01), 2)

# Trainings that run at once; each is one thread, so results do not depend on it.
WORKERS = 2


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
        customer_count = _shop_customers(shop_windows, origin)
        evidence = gather_evidence(
            origins,
            date=origin.date,
            first_date=first_date,
            customer_count=customer_count,
            settings=settings,
        )
        if example is None or not evidence.is_converged:
            return None
        # with too little to learn from, the purchase process is judged alone
        recipes = RECIPE_TASKS if evidence.has_outcomes else frozenset()
        with single_threaded():  # each worker for itself
            forecaster = train_forecaster(
                [other for other in origins if other.date <= origin.date],
                date=origin.date,
                shop_windows=shop_windows,
                customer_count=customer_count,
                recipes=recipes,
                settings=settings,
            )
            forecast = forecaster.forecast(origin.described)
        is_recipe = choose_rung(evidence, settings=settings)[0] == RECIPE
        return Backtest(origin, example, forecaster, forecast, is_recipe)

    earlier = [origin for origin in origins if origin.date < date]
    with single_threaded(), ThreadPoolExecutor(max_workers=WORKERS) as pool:
        return [result for result in pool.map(run, earlier) if result is not None]


def _shop_customers(shop_windows: pd.DataFrame, origin: Origin) -> int:
    """Customers of the shop on an origin, those outside the training sample included."""
    is_own = shop_windows["start_date"] == origin.date
    counts = shop_windows.loc[is_own, "existing_customers"].dropna()
    return int(counts.iloc[0]) if len(counts) else len(origin.frame)


def calibration_table(backtests: Sequence[Backtest]) -> pd.DataFrame:
    """Predicted and actual by decile of the prediction, for churn and value at each origin.

    Residuals (actual less predicted, money) are of value alone: those of a yes or no say nothing.
    """
    rows = []
    for backtest in backtests:
        for task, days, predicted, actual in _served(backtest):
            for number, members in enumerate(_deciles(predicted), start=1):
                residuals = actual[members] - predicted[members]
                has_spread = task == "value" and len(members) > 0
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
                    | {
                        name: float(np.percentile(residuals, percent)) if has_spread else None
                        for name, percent in RESIDUAL_PERCENTILES.items()
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


def confusion_table(backtests: Sequence[Backtest]) -> pd.DataFrame:
    """Customers by the window of the next order that was most likely and the one that came."""
    rows = []
    for backtest in backtests:
        predicted = backtest.forecast.windows.argmax(axis=1)
        actual = windows_of(backtest.example.next_order_days)
        for guess, truth in itertools.product(range(len(WINDOWS)), repeat=2):
            rows.append(
                {
                    "origin": backtest.origin.date,
                    "predicted_window": WINDOWS[guess],
                    "actual_window": WINDOWS[truth],
                    "customer_count": int(((predicted == guess) & (actual == truth)).sum()),
                }
            )
    return pd.DataFrame(rows)


def threshold_table(backtests: Sequence[Backtest], *, settings: PredictionSettings) -> pd.DataFrame:
    """What contacting everybody from a churn probability on would have brought, at each origin."""
    chosen = decision_threshold(backtests, settings=settings)
    rows = []
    for backtest in backtests:
        churn = backtest.forecast.churn[LABEL_DAYS]
        lost = backtest.example.orders[LABEL_DAYS] == 0
        for threshold, gain in zip(
            THRESHOLDS, _gain_curve(backtest, THRESHOLDS, settings), strict=True
        ):
            contacted = churn >= threshold
            found = int((contacted & lost).sum())
            rows.append(
                {
                    "origin": backtest.origin.date,
                    "threshold": float(threshold),
                    "is_chosen": chosen is not None and chosen["threshold"] == threshold,
                    "contacted_share": float(contacted.mean()),
                    "precision": found / int(contacted.sum()) if contacted.any() else None,
                    "recall": found / int(lost.sum()) if lost.any() else None,
                    "net_gain": float(gain),
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
    gains = np.sum(
        [_gain_curve(backtest, THRESHOLDS, settings) for backtest in backtests[:-1]], axis=0
    )
    threshold = float(THRESHOLDS[int(np.argmax(gains))])
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
