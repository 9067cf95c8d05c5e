"""Customer value: net revenue ahead, as the log-mean of four forecasts, and a score that ranks.

BG/NBD with Gamma-Gamma, the same on the seasonal clock, Tweedie trees, and a hurdle: the chance of an
order times the value of those who order. The trees know the purchase process by its percentiles alone, so
that they err apart from it. They learn on 90-day windows; longer horizons grow as the process does.

The ranking score is the mean of three forecasts between 0 and 1: trees and a linear model of a customer's
place by revenue, and the chance of an order, which places most customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from regulars.boosting import BinnedFeatures, BoostingSettings, Trees, fit_trees
from regulars.linear import LinearModel, fit_ridge
from regulars.predictions.churn import LINEAR_PENALTY, Example
from regulars.predictions.recipes import Described, centred

LABEL = 90

# Money: no forecast below, so that logarithms stay finite.
SMALLEST_VALUE = 0.01

# Chances of an order below are raised to it before a logarithm is taken.
SMALLEST_CHANCE = 1e-6

# Tweedie's variance power: many zeros and a heavy tail.
VARIANCE_POWER = 1.5


@dataclass(frozen=True)
class ValueModel:
    """Texts of the three tree models, and the linear half of the ranking score."""

    tweedie_text: str
    order_text: str
    rank_text: str
    rank_linear: LinearModel

    @cached_property
    def tweedie(self) -> Trees:
        """The Tweedie trees, read from their text."""
        return Trees(self.tweedie_text)

    @cached_property
    def order(self) -> Trees:
        """The hurdle's trees of what an order brings, read from their text."""
        return Trees(self.order_text)

    @cached_property
    def rank(self) -> Trees:
        """The ranking trees, read from their text."""
        return Trees(self.rank_text)

    def values(
        self, described: Described, *, no_order: Mapping[int, np.ndarray]
    ) -> dict[int, np.ndarray]:
        """Forecast value before its level (money), by horizon in days, shape (n,) each.

        Args:
            described: The customers.
            no_order: Served probability of no order by horizon, each one of the processes', shape (n,).
        """
        trees = self.tweedie.raw_scores(described.places)
        if_active_trees = self.order.raw_scores(described.places)
        label, label_if_active = (
            np.log(process(described, LABEL))
            for process in (process_value, process_value_if_active)
        )
        values = {}
        for days, lost in no_order.items():
            plain = np.log(process_value(described, days))
            seasonal = np.log(floored_value(described.seasonal_orders[days], described.order_value))
            tweedie = trees + (plain - label)
            if_active = if_active_trees + np.log(process_value_if_active(described, days))
            hurdle = np.log(np.maximum(1 - lost, SMALLEST_CHANCE)) + (if_active - label_if_active)
            values[days] = np.exp(np.mean([plain, seasonal, tweedie, hurdle], axis=0))
        return values

    def ranks(self, described: Described, *, no_order: np.ndarray) -> np.ndarray:
        """The ranking score of 90 days, shape (n,).

        Args:
            described: The customers.
            no_order: Served probability of no order in 90 days, shape (n,).
        """
        trees = self.rank.raw_scores(described.places)
        linear = self.rank_linear.scores(described.centred)
        return (trees + linear + 1 - no_order) / 3


def process_value(described: Described, horizon_days: int) -> np.ndarray:
    """Expected orders times expected order value (money), shape (n,)."""
    return floored_value(described.expected_orders[horizon_days], described.order_value)


def floored_value(orders: np.ndarray, order_value: np.ndarray) -> np.ndarray:
    """Orders times their value (money), never below the smallest value, shape (n,)."""
    return np.maximum(orders * order_value, SMALLEST_VALUE)


def process_value_if_active(described: Described, horizon_days: int) -> np.ndarray:
    """Value given at least one order (money), by the purchase process, shape (n,)."""
    chance = np.maximum(1 - described.no_order[horizon_days], SMALLEST_CHANCE)
    return np.maximum(process_value(described, horizon_days) / chance, SMALLEST_VALUE)


def fit_value(
    examples: Sequence[Example], places: BinnedFeatures, *, random_state: int
) -> ValueModel:
    """Fit the trees on finished 90-day windows.

    Args:
        examples: Origins with their 90-day window over, each with some revenue.
        places: The places of their customers, one under the other.
        random_state: Seed.
    """
    # each window at its own level: levels are forecast separately
    relative = np.concatenate([_relative(_spent(example)) for example in examples])
    bought = relative > 0
    if_active = np.concatenate([_log_spent(example) for example in examples])
    ranks = np.concatenate([_ranks(example.revenue[LABEL]) for example in examples])
    return ValueModel(
        fit_trees(
            places,
            relative,
            settings=_settings(
                "tweedie", 100, random_state, (("tweedie_variance_power", VARIANCE_POWER),)
            ),
        ),
        fit_trees(
            places.features[bought],
            if_active,
            settings=_settings("regression", 60, random_state),
        ),
        fit_trees(places, ranks, settings=_settings("regression", 60, random_state)),
        fit_ridge(
            centred(places.features),
            ranks,
            penalty=LINEAR_PENALTY,
        ),
    )


def _spent(example: Example) -> np.ndarray:
    return np.maximum(example.revenue[LABEL], 0)


def _relative(spent: np.ndarray) -> np.ndarray:
    """Revenue per mean revenue of the window; all zero where nobody spent anything."""
    mean = spent.mean()
    return spent / mean if mean > 0 else spent


def _log_spent(example: Example) -> np.ndarray:
    """Log revenue of those who bought, around its mean in the window."""
    spent = _spent(example)
    logs = np.log(spent[spent > 0])
    return logs - logs.mean() if len(logs) else logs


def _ranks(revenue: np.ndarray) -> np.ndarray:
    return rankdata(revenue) / len(revenue)


def _settings(
    objective: str, rounds: int, random_state: int, options: tuple[tuple[str, float], ...] = ()
) -> BoostingSettings:
    return BoostingSettings(
        objective=objective,
        rounds=rounds,
        learning_rate=0.05,
        leaves=8,
        leaf_rows=100,
        feature_share=0.1,
        l2_penalty=10.0,
        seed=random_state,
        options=options,
    )
