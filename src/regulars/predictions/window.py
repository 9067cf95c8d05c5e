"""When a customer orders next: within 30 days, on days 31 to 90, or not within 90."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr, ndtri_exp, softmax

from regulars.boosting import BinnedFeatures, BoostingSettings, Trees, fit_trees
from regulars.predictions.churn import Example
from regulars.predictions.recipes import FEATURES, Described

WINDOWS = ("Active", "Warming", "Dormant")
NEAR_DAYS, FAR_DAYS = 30, 90

# Chances below are raised to it before a logarithm is taken.
SMALLEST_CHANCE = 1e-4


@dataclass(frozen=True)
class WindowModel:
    """Text of the multiclass trees."""

    trees_text: str

    @cached_property
    def trees(self) -> Trees:
        """The trees, read from their text."""
        return Trees(self.trees_text)

    def chances(self, described: Described) -> np.ndarray:
        """Chances of the three windows by the trees, shape (n, 3), none below the smallest."""
        return np.maximum(self.trees.predict(described.places), SMALLEST_CHANCE)

    def probabilities(self, described: Described) -> np.ndarray:
        """Chances of the three windows, shape (n, 3): log-mean of trees and purchase process."""
        trees = np.log(self.chances(described))
        return softmax((trees + np.log(process_windows(described))) / 2, axis=1)


def process_windows(described: Described) -> np.ndarray:
    """Chances of the three windows by the purchase process, shape (n, 3)."""
    return window_chances(described.no_order[NEAR_DAYS], described.no_order[FAR_DAYS])


def window_chances(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Chances of the three windows, shape (n, 3), none below the smallest.

    Args:
        near: Probability of no order in 30 days, shape (n,).
        far: Probability of no order in 90 days, shape (n,).
    """
    chances = np.maximum(np.column_stack([1 - near, near - far, far]), SMALLEST_CHANCE)
    return chances / chances.sum(axis=1, keepdims=True)


def windows_of(next_order_days: np.ndarray) -> np.ndarray:
    """The window that each customer's next order fell into: 0, 1 or 2.

    Args:
        next_order_days: Days from the date to the order's (0 is the date itself); NaN where none.
    """
    dormant = np.isnan(next_order_days) | (next_order_days >= FAR_DAYS)
    return np.where(dormant, 2, np.where(next_order_days < NEAR_DAYS, 0, 1))


def with_churn(probabilities: np.ndarray, churn: np.ndarray) -> np.ndarray:
    """The chances with the last replaced by the served churn probability, shape (n, 3)."""
    ordering = probabilities[:, :2] / probabilities[:, :2].sum(axis=1, keepdims=True)
    return np.column_stack([ordering * (1 - churn)[:, None], churn])


def fit_window(
    examples: Sequence[Example], places: BinnedFeatures, *, random_state: int
) -> WindowModel:
    """Fit the trees on finished 90-day windows; each class must occur.

    Args:
        examples: Origins with their 90-day window over.
        places: The places of their customers, one under the other.
        random_state: Seed.
    """
    return WindowModel(
        fit_trees(
            places,
            np.concatenate([windows_of(example.next_order_days) for example in examples]),
            settings=BoostingSettings(
                objective="multiclass",
                rounds=60,
                learning_rate=0.05,
                leaves=8,
                leaf_rows=150,
                feature_share=0.1,
                l2_penalty=10.0,
                seed=random_state,
                options=(("num_class", len(WINDOWS)),),
            ),
        )
    )


def days_to_next_order(described: Described, *, quantile: float) -> np.ndarray:
    """Quantile of the days to the next order by the customer's rhythm, shape (n,).

    Args:
        described: The customers; those without a gap lean on the pooled rhythm.
        quantile: 0 to 1.
    """
    mean, std, overdue = (
        described.values[:, FEATURES.index(name)]
        for name in ("renewal_log_gap_mean", "renewal_log_gap_std", "renewal_overdue_score")
    )
    log_survival = log_ndtr(-overdue) + np.log1p(-quantile)
    return np.exp(mean - std * ndtri_exp(log_survival)) - np.maximum(described.recency_days, 1)
