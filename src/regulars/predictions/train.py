"""Training at a date with what was known then, and forecasting from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from regulars.boosting import BinnedFeatures
from regulars.predictions.churn import ChurnModel, Example, fit_churn, level_shift
from regulars.predictions.frame import HORIZONS
from regulars.predictions.levels import Levels, forecast_levels
from regulars.predictions.recipes import Backbone, Described, fit_backbone, safe_logit
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.value import ValueModel, fit_value, process_value
from regulars.predictions.window import (
    WindowModel,
    fit_window,
    process_windows,
    windows_of,
    with_churn,
)
from regulars.threads import single_threaded

CHURN_HORIZONS = (90, 180)
VALUE_HORIZONS = (90, 180, 365)

# Horizons whose windows are over for old origins alone.
LOW_CONFIDENCE_HORIZONS = (365,)

# The window that models learn from must be over.
LABEL_DAYS = 90

PROCESS, RECIPE = "purchase_process", "recipe"


@dataclass(frozen=True)
class Origin:
    """One snapshot, described by its own backbone, with all outcomes that the frames hold.

    Outcomes are read through `example`, which leaves out windows that are not over on a date.
    """

    date: pd.Timestamp
    frame: pd.DataFrame
    backbone: Backbone
    described: Described

    def example(self, *, known_on: pd.Timestamp) -> Example | None:
        """The customers with outcomes known on a date; None while the 90-day window is not over."""
        age_days = (known_on - self.date).days
        known = [
            days
            for days in HORIZONS
            if days <= age_days and self.frame[f"orders_{days}d"].notna().all()
        ]
        if LABEL_DAYS not in known:
            return None
        return Example(
            self.described,
            {days: self.frame[f"orders_{days}d"].to_numpy() for days in known},
            {days: self.frame[f"revenue_{days}d"].to_numpy() for days in known},
            self.frame["next_order_days"].to_numpy(),
        )


def describe_origins(
    snapshots: pd.DataFrame, *, shop_days: pd.DataFrame, season_days: int
) -> list[Origin]:
    """Fit a backbone on each snapshot and describe its customers by it, in the order of dates.

    Args:
        snapshots: As `read_snapshots` returns them.
        shop_days: Columns SHOP_DAY_COLUMNS.
        season_days: Days of history that the seasonal clock needs.
    """
    origins = []
    with single_threaded():
        for date, frame in snapshots.groupby("as_of_date", sort=True):
            frame = frame.reset_index(drop=True)
            backbone = fit_backbone(frame, shop_days=shop_days, season_days=season_days)
            origins.append(Origin(date, frame, backbone, backbone.describe(frame)))
    return origins


@dataclass(frozen=True)
class Forecast:
    """What is served for customers; arrays have one row per customer.

    Attributes:
        churn: Probability of no order, by horizon in days.
        value: Net revenue (money), by horizon in days.
        value_rank: Score that orders customers by value in 90 days.
        windows: Chances of the three windows, shape (n, 3).
    """

    churn: dict[int, np.ndarray]
    value: dict[int, np.ndarray]
    value_rank: np.ndarray
    windows: np.ndarray


@dataclass(frozen=True)
class Forecaster:
    """Models as trained on a date.

    Attributes:
        date: First day that is not counted.
        origins: Dates whose finished windows were learned from.
        backbone: Processes and percentiles of the date's own snapshot.
        churn: The churn recipe; None where the purchase process serves.
        value: The value recipe; None where the purchase process serves.
        window: The window recipe; None where the purchase process serves.
        churn_shifts: What is added to the churn logit to reach the level, by horizon.
        value_scales: What value is multiplied by to reach the level, by horizon.
    """

    date: pd.Timestamp
    origins: tuple[pd.Timestamp, ...]
    backbone: Backbone
    churn: ChurnModel | None
    value: ValueModel | None
    window: WindowModel | None
    churn_shifts: Mapping[int, float]
    value_scales: Mapping[int, float]

    def forecast(self, described: Described) -> Forecast:
        """Forecast customers that the backbone described."""
        churn = _churn(_churn_logits(self.churn, described), self.churn_shifts)
        values = _values(self.value, described, churn)
        value = {days: scale * values[days] for days, scale in self.value_scales.items()}
        windows = process_windows(described)
        if self.window:
            windows = with_churn(self.window.probabilities(described), churn[LABEL_DAYS])
        ranks = value[LABEL_DAYS]
        if self.value:
            ranks = self.value.ranks(described, no_order=churn[LABEL_DAYS])
        return Forecast(churn, value, ranks, windows)


def _churn_logits(model: ChurnModel | None, described: Described) -> dict[int, np.ndarray]:
    if model is None:
        return {days: safe_logit(described.no_order[days]) for days in CHURN_HORIZONS}
    return model.logits(described, horizons=CHURN_HORIZONS)


def _churn(logits: Mapping[int, np.ndarray], shifts: Mapping[int, float]) -> dict[int, np.ndarray]:
    return {days: expit(logits[days] + shift) for days, shift in shifts.items()}


def _values(
    model: ValueModel | None, described: Described, churn: Mapping[int, np.ndarray]
) -> dict[int, np.ndarray]:
    if model is None:
        return {days: process_value(described, days) for days in VALUE_HORIZONS}
    # a year ahead there is no churn score of its own
    no_order = {days: churn.get(days, described.no_order[days]) for days in VALUE_HORIZONS}
    return model.values(described, no_order=no_order)


def train_forecaster(
    origins: Sequence[Origin],
    *,
    date: pd.Timestamp,
    shop_windows: pd.DataFrame,
    customer_count: int,
    recipes: frozenset[str],
    settings: PredictionSettings,
) -> Forecaster:
    """Train on the windows that are over on a date.

    Args:
        origins: All origins; one of them is the date itself, later ones are not looked at.
        date: First day that is not counted.
        shop_windows: Columns SHOP_WINDOW_COLUMNS.
        customer_count: Customers of the shop on the date, those outside the training sample included.
        recipes: Tasks (churn, value, next_purchase) that the recipe serves; others take the process.
        settings: Business numbers.
    """
    own = next(origin for origin in origins if origin.date == date)
    earlier = [origin for origin in origins if origin.date < date]
    known = [(origin.date, origin.example(known_on=date)) for origin in earlier]
    known = [(day, example) for day, example in known if example is not None]
    examples = [example for _, example in known]
    seed = settings.random_state
    churn = value = window = None
    with single_threaded():
        if recipes:
            places = np.vstack([example.described.places for example in examples])
            binned = BinnedFeatures(places, seed=seed)
        if "churn" in recipes:
            churn = fit_churn(examples, binned, random_state=seed)
        if "value" in recipes:
            value = fit_value(examples, binned, random_state=seed)
        if "next_purchase" in recipes:
            window = fit_window(examples, binned, random_state=seed)
        levels = {
            days: forecast_levels(
                shop_windows,
                date=date,
                horizon_days=days,
                spacing_days=_spacing(origins),
                customer_count=customer_count,
                share_growth_limit=settings.share_growth_limit,
            )
            for days in VALUE_HORIZONS
        }
        logits = _churn_logits(churn, own.described)
        shifts = dict.fromkeys(CHURN_HORIZONS, 0.0)
        if churn:
            shifts = {
                days: _churn_shift(
                    logits[days],
                    own.described,
                    days,
                    levels[days],
                    _seasonal_bias(earlier, date, days),
                )
                for days in CHURN_HORIZONS
            }
        scales = dict.fromkeys(VALUE_HORIZONS, 1.0)
        if value:
            values = _values(value, own.described, _churn(logits, shifts))
            scales = {
                days: _value_scale(values[days], own.described, days, levels[days])
                for days in VALUE_HORIZONS
            }
    return Forecaster(
        date, tuple(day for day, _ in known), own.backbone, churn, value, window, shifts, scales
    )


def _spacing(origins: Sequence[Origin]) -> int:
    dates = [origin.date for origin in origins]
    return (dates[-1] - dates[-2]).days if len(dates) > 1 else 1


def _seasonal_bias(earlier: Sequence[Origin], date: pd.Timestamp, days: int) -> float:
    """Customers who ordered per customer expected by the seasonal process, last finished window."""
    for origin in reversed(earlier):
        example = origin.example(known_on=date)
        if example is None or days not in example.orders or origin.backbone.clock is None:
            continue
        expected = 1 - float(origin.described.seasonal_no_order[days].mean())
        return float((example.orders[days] > 0).mean()) / max(expected, 1e-6)
    return 1.0


def _churn_shift(
    logits: np.ndarray, described: Described, days: int, levels: Levels, bias: float
) -> float:
    level = float(described.no_order[days].mean())
    if levels.active_share is not None:
        seasonal = bias * (1 - float(described.seasonal_no_order[days].mean()))
        level = 1 - (levels.active_share + seasonal) / 2
    return level_shift(logits, level=level)


def _value_scale(values: np.ndarray, described: Described, days: int, levels: Levels) -> float:
    wanted = levels.revenue_per_customer
    if wanted is None:
        wanted = float(process_value(described, days).mean())
    return wanted / float(values.mean())


def has_enough_outcomes(example: Example, *, count: int) -> bool:
    """Whether enough customers ordered, and enough did not, and every window occurs."""
    lost = int((example.orders[LABEL_DAYS] == 0).sum())
    classes = np.unique(windows_of(example.next_order_days))
    return min(lost, len(example.next_order_days) - lost) >= count and len(classes) == 3
