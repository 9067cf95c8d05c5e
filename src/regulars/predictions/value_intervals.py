"""Intervals of value, learned from the backtests of a horizon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regulars.intervals import IntervalModel, fit_intervals
from regulars.predictions.backtest import Backtest
from regulars.predictions.settings import PredictionSettings

# Backtests that a calibrated interval needs; with fewer it is at least as wide as its nominal coverage.
CALIBRATION_ORIGINS = 4

# Low and high end of the interval and the one-sided upper bound (money), shape (n,) each.
Bounds = tuple[np.ndarray, np.ndarray, np.ndarray]


def fit_value_intervals(
    backtests: Sequence[Backtest], days: int, *, settings: PredictionSettings
) -> IntervalModel | None:
    """Intervals of value from the backtests of a horizon; None where there is none."""
    parts = []
    for number, backtest in enumerate(backtests):
        if days not in backtest.example.revenue:
            continue
        actual = np.maximum(backtest.example.revenue[days], 0)
        value = backtest.forecast.value[days]
        if actual.sum() <= 0:
            continue
        described = backtest.origin.described
        no_order = backtest.forecast.churn.get(days, described.no_order[days])
        aligned = value * actual.sum() / value.sum()
        origin = np.full(len(actual), number)
        parts.append((aligned, actual, no_order, described.order_count, origin))
    if not parts:
        return None
    value, actual, no_order, order_count, origin = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    model = fit_intervals(
        value,
        actual,
        no_order=no_order,
        order_count=order_count,
        origin=origin,
        coverage=settings.interval_coverage,
    )
    if model.origin_count >= CALIBRATION_ORIGINS:
        return model
    wider = tuple(max(nominal, settings.interval_coverage) for nominal in model.coverages)
    return IntervalModel(model.residuals, wider, model.origin_count)


def backtest_bounds(
    backtest: Backtest, backtests: Sequence[Backtest], days: int, *, settings: PredictionSettings
) -> Bounds | None:
    """Intervals that would have been served on a backtest's date; None where no window was over by then.

    Args:
        backtest: Whose customers.
        backtests: All; those whose windows were not over on the date are not looked at.
        days: Horizon.
        settings: Business numbers.
    """
    ahead = pd.Timedelta(days=days)
    known = [other for other in backtests if other.origin.date + ahead <= backtest.origin.date]
    model = fit_value_intervals(known, days, settings=settings)
    if model is None:
        return None
    described = backtest.origin.described
    return model.bounds(
        backtest.forecast.value[days],
        no_order=backtest.forecast.churn.get(days, described.no_order[days]),
        order_count=described.order_count,
    )
