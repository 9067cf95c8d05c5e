"""Intervals of a value that is often zero: a mixture of no order and a lognormal-like body.

With probability P0 the value is 0; otherwise it is the expected value of those who order times the
exponential of a residual, drawn from the out-of-time residuals of customers with as many orders. The
nominal coverage is raised or lowered per group until earlier origins were covered as wanted (split
conformal; Vovk, Gammerman and Shafer 2005).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# From this probability of zero on, the interval begins at zero.
ZERO_FROM = 0.1

# Order counts at which a group begins: 1, 2 to 4, 5 and more.
GROUP_STARTS = (1, 2, 5)
GROUP_NAMES = ("1 order", "2-4 orders", "5+ orders")

# Residuals are kept as their quantiles at so many even steps.
QUANTILE_COUNT = 101

# Nominal coverages that calibration may choose from.
NOMINAL_COVERAGES = tuple(np.round(np.arange(0.6, 0.991, 0.01), 2).tolist())

# Residuals that a group needs; with fewer, those of all groups serve.
MINIMUM_RESIDUALS = 30

# One-sided bound that is reported beside the interval.
UPPER_BOUND = 0.9


def order_group(order_count: np.ndarray) -> np.ndarray:
    """Number of the group of each customer: 0, 1 or 2."""
    return np.searchsorted(GROUP_STARTS, np.maximum(order_count, 1), side="right") - 1


@dataclass(frozen=True)
class IntervalModel:
    """Residuals and nominal coverage of each group.

    Attributes:
        residuals: Quantiles of log residuals, shape (groups, QUANTILE_COUNT).
        coverages: Nominal coverage of each group, 0 to 1.
        origin_count: Earlier origins that the intervals were calibrated on.
    """

    residuals: np.ndarray
    coverages: tuple[float, ...]
    origin_count: int

    def bounds(
        self, value: np.ndarray, *, no_order: np.ndarray, order_count: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Low and high end of the interval and the one-sided upper bound (money), shape (n,) each."""
        group = order_group(order_count)
        return _bounds(value, no_order, group, self.residuals, np.asarray(self.coverages)[group])

    def parameters(self) -> dict[str, Any]:
        """The model as plain numbers, ready for JSON."""
        return {
            "residuals": self.residuals.tolist(),
            "coverages": list(self.coverages),
            "origin_count": self.origin_count,
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> IntervalModel:
        """The model that `parameters` wrote."""
        return cls(
            np.asarray(parameters["residuals"]),
            tuple(parameters["coverages"]),
            int(parameters["origin_count"]),
        )


def fit_intervals(
    value: np.ndarray,
    actual: np.ndarray,
    *,
    no_order: np.ndarray,
    order_count: np.ndarray,
    origin: np.ndarray,
    coverage: float,
) -> IntervalModel:
    """Learn residuals and nominal coverages from backtests.

    Args:
        value: Forecast value (money), each origin at its actual level, shape (n,).
        actual: What followed (money), shape (n,).
        no_order: Forecast probability of no order, shape (n,).
        order_count: Orders at the origin, shape (n,).
        origin: Number of each row's origin, shape (n,).
        coverage: Share of customers that intervals should cover, 0 to 1.
    """
    group = order_group(order_count)
    bought = actual > 0
    log_residuals = np.log(actual[bought]) - np.log(_if_active(value, no_order)[bought])
    steps = np.linspace(0, 1, QUANTILE_COUNT)
    rows = []
    for number in range(len(GROUP_STARTS)):
        own = log_residuals[group[bought] == number]
        rows.append(np.quantile(own if len(own) >= MINIMUM_RESIDUALS else log_residuals, steps))
    residuals = np.array(rows)
    coverages = tuple(
        _nominal(value, actual, no_order, group, residuals, number, coverage)
        for number in range(len(GROUP_STARTS))
    )
    return IntervalModel(residuals, coverages, len(np.unique(origin)))


def _nominal(
    value: np.ndarray,
    actual: np.ndarray,
    no_order: np.ndarray,
    group: np.ndarray,
    residuals: np.ndarray,
    number: int,
    coverage: float,
) -> float:
    rows = group == number
    if rows.sum() < MINIMUM_RESIDUALS:
        return coverage
    value, actual, no_order, group = (column[rows] for column in (value, actual, no_order, group))

    def covers(nominal: float) -> bool:
        level = np.full(len(value), nominal)
        low, high, _ = _bounds(value, no_order, group, residuals, level)
        return covered_share(actual, low, high) >= coverage

    # a higher nominal coverage never covers less
    place = bisect_left(NOMINAL_COVERAGES, True, key=covers)
    if place == len(NOMINAL_COVERAGES):
        return NOMINAL_COVERAGES[-1]
    return max(NOMINAL_COVERAGES[place], min(coverage, NOMINAL_COVERAGES[-1]) - 0.15)


def covered_share(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of actual values within their interval, ends included."""
    return float(((actual >= low) & (actual <= high)).mean())


def _if_active(value: np.ndarray, no_order: np.ndarray) -> np.ndarray:
    return np.maximum(value / np.maximum(1 - no_order, 1e-6), 1e-6)


def _bounds(
    value: np.ndarray,
    no_order: np.ndarray,
    group: np.ndarray,
    residuals: np.ndarray,
    coverage: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from_zero = no_order >= ZERO_FROM
    if_active = _if_active(value, no_order)

    def quantile(share: np.ndarray) -> np.ndarray:
        body = (share - no_order) / np.maximum(1 - no_order, 1e-6)
        found = np.empty(len(value))
        steps = np.linspace(0, 1, residuals.shape[1])
        for number, row in enumerate(residuals):
            rows = group == number
            found[rows] = np.interp(body[rows], steps, row)
        return np.where(body <= 0, 0.0, if_active * np.exp(found))

    low = np.where(from_zero, 0.0, quantile((1 - coverage) / 2))
    high = quantile(np.where(from_zero, coverage, (1 + coverage) / 2))
    upper = np.maximum(quantile(np.full(len(value), UPPER_BOUND)), high)
    return low, high, upper
