"""Customer value: net revenue ahead, as the log-mean of four forecasts, and a score that ranks.

BG/NBD with Gamma-Gamma, the same on the seasonal clock, Tweedie trees, and a hurdle: the chance of an
order times the value of those who order. The trees learn corrections of the purchase process on 90-day
windows; longer horizons take the same corrections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from regulars.boosting import BoostingSettings, Trees, fit_trees
from regulars.linear import LinearModel, fit_ridge
from regulars.predictions.churn import LINEAR_PENALTY, Example
from regulars.predictions.recipes import Described

LABEL = 90

# Money: no forecast below, so that logarithms stay finite.
SMALLEST_VALUE = 0.01

# Tweedie's variance power: many zeros and a heavy tail.
VARIANCE_POWER = 1.5


@dataclass(frozen=True)
class ValueModel:
    """Texts of the three tree models, and the linear half of the ranking score."""

    tweedie_text: str
    order_text: str
    rank_text: str
    rank_linear: LinearModel

    def values(
        self, described: Described, *, horizon_days: int, no_order: np.ndarray
    ) -> np.ndarray:
        """Forecast value (money) before its level, shape (n,).

        Args:
            described: The customers.
            horizon_days: One of the processes' horizons.
            no_order: Served probability of no order over the horizon, shape (n,).
        """
        plain = process_value(described, horizon_days)
        seasonal = described.seasonal_orders[horizon_days] * described.order_value
        tweedie = plain * np.exp(Trees(self.tweedie_text).raw_scores(described.places))
        hurdle = (1 - no_order) * self.value_if_active(described, horizon_days=horizon_days)
        members = np.maximum([plain, seasonal, tweedie, hurdle], SMALLEST_VALUE)
        return np.exp(np.log(members).mean(axis=0))

    def value_if_active(self, described: Described, *, horizon_days: int) -> np.ndarray:
        """Value of those who order at all (money), shape (n,)."""
        correction = np.exp(Trees(self.order_text).raw_scores(described.places))
        return process_value_if_active(described, horizon_days) * correction

    def ranks(self, described: Described) -> np.ndarray:
        """The ranking score of 90 days: mean of trees and a linear model, shape (n,)."""
        trees = Trees(self.rank_text).raw_scores(described.places)
        return (trees + self.rank_linear.scores(described.centred)) / 2


def process_value(described: Described, horizon_days: int) -> np.ndarray:
    """Expected orders times expected order value (money), shape (n,)."""
    value = described.expected_orders[horizon_days] * described.order_value
    return np.maximum(value, SMALLEST_VALUE)


def process_value_if_active(described: Described, horizon_days: int) -> np.ndarray:
    """Value given at least one order (money), by the purchase process, shape (n,)."""
    chance = np.maximum(1 - described.no_order[horizon_days], 1e-6)
    return np.maximum(process_value(described, horizon_days) / chance, SMALLEST_VALUE)


def fit_value(examples: Sequence[Example], *, random_state: int) -> ValueModel:
    """Fit the trees on finished 90-day windows.

    Args:
        examples: Origins with their 90-day window over, each with some revenue.
        random_state: Seed.
    """
    places = np.vstack([example.described.places for example in examples])
    revenue = np.concatenate([np.maximum(example.revenue[LABEL], 0) for example in examples])
    # each window at its own level: levels are forecast separately
    offset = np.concatenate([np.log(_levelled(example)) for example in examples])
    bought = revenue > 0
    if_active = np.concatenate(
        [np.log(process_value_if_active(example.described, LABEL)) for example in examples]
    )
    ranks = np.concatenate([_ranks(example.revenue[LABEL]) for example in examples])
    return ValueModel(
        fit_trees(
            places,
            revenue,
            offset=offset,
            settings=_settings(
                "tweedie", 50, random_state, (("tweedie_variance_power", VARIANCE_POWER),)
            ),
        ),
        fit_trees(
            places[bought],
            np.log(revenue[bought]) - if_active[bought],
            settings=_settings("regression", 60, random_state),
        ),
        fit_trees(places, ranks, settings=_settings("regression", 120, random_state)),
        fit_ridge(
            np.vstack([example.described.centred for example in examples]),
            ranks,
            penalty=LINEAR_PENALTY,
        ),
    )


def _levelled(example: Example) -> np.ndarray:
    value = process_value(example.described, LABEL)
    actual = np.maximum(example.revenue[LABEL], 0).sum()
    return value * max(actual, 1.0) / value.sum()


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
        feature_share=0.3,
        l2_penalty=10.0,
        seed=random_state,
        options=options,
    )
