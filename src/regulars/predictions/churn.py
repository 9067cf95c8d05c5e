"""Churn: the probability of no order, as the mean of three centred logits.

BG/NBD's probability of no order, a linear model on percentiles and trees on percentiles. The latter two
correct the first, so the mean is BG/NBD's logit and a third of each correction. What follows ranks
customers; the level is forecast separately and comes in as a shift of the logit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import expit

from regulars.boosting import BinnedFeatures, BoostingSettings, Trees, fit_trees
from regulars.linear import LinearModel, fit_logistic
from regulars.predictions.recipes import Described, centred, safe_logit

# Labels of the linear heads and of the trees, days: the trees' is the longest.
LINEAR_LABELS = (30, 60, 90)
TREE_LABEL = 90

# Ridge penalty of the linear heads, in rows; chosen with windows that began up to 2011-03-15 in view.
LINEAR_PENALTY = 40.0

# Weight of each correction: a third, for BG/NBD's own logit is the third member of the mean. A half ranked
# no better beyond noise at the origins from 2010-08-16 to 2010-12-14 (ROC-AUC +.0009).
CORRECTION_WEIGHT = 1 / 3

BISECTIONS = 60


@dataclass(frozen=True)
class Example:
    """Customers of an origin and what followed.

    Attributes:
        described: The customers.
        orders: Orders in the window, by its days; NaN rows are never passed: absent where not over.
        revenue: Net revenue in the window, by its days.
        next_order_days: Days to the next order; NaN where none within 90.
    """

    described: Described
    orders: Mapping[int, np.ndarray]
    revenue: Mapping[int, np.ndarray]
    next_order_days: np.ndarray


@dataclass(frozen=True)
class ChurnModel:
    """The two corrections of BG/NBD's logit."""

    heads: tuple[LinearModel, ...]
    trees_text: str

    @cached_property
    def trees(self) -> Trees:
        """The trees, read from their text."""
        return Trees(self.trees_text)

    def corrections(self, described: Described) -> tuple[np.ndarray, np.ndarray]:
        """What the linear heads (their mean) and the trees add to BG/NBD's logit, shape (n,) each."""
        places = described.centred
        linear = np.mean([head.scores(places) for head in self.heads], axis=0)
        return linear, self.trees.raw_scores(described.places)

    def logits(self, described: Described, *, horizons: Sequence[int]) -> dict[int, np.ndarray]:
        """The uncentred mean logit by horizon in days, shape (n,) each."""
        linear, trees = self.corrections(described)
        return {
            days: safe_logit(described.no_order[days]) + CORRECTION_WEIGHT * (linear + trees)
            for days in horizons
        }

    def parameters(self) -> dict[str, Any]:
        """The linear heads as plain numbers; the trees are kept as text beside them."""
        return {"heads": [head.parameters() for head in self.heads]}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any], trees_text: str) -> ChurnModel:
        """The model from its parameters and the text of its trees."""
        return cls(
            tuple(LinearModel.from_parameters(head) for head in parameters["heads"]), trees_text
        )


def fit_churn(
    examples: Sequence[Example], places: BinnedFeatures, *, random_state: int
) -> ChurnModel:
    """Fit the corrections on finished windows.

    Args:
        examples: Origins with at least their 90-day window over; each with buyers and others.
        places: The places of their customers, one under the other.
        random_state: Seed.
    """
    features = centred(places.features)
    lost, offsets = (
        {
            days: np.concatenate([of(example, days) for example in examples])
            for days in LINEAR_LABELS
        }
        for of in (is_lost, levelled_offset)
    )
    heads = [
        fit_logistic(features, lost[days], offset=offsets[days], penalty=LINEAR_PENALTY)
        for days in LINEAR_LABELS
    ]
    text = fit_trees(
        places,
        lost[TREE_LABEL],
        offset=offsets[TREE_LABEL],
        settings=BoostingSettings(
            objective="binary",
            rounds=60,
            learning_rate=0.05,
            leaves=8,
            leaf_rows=150,
            feature_share=0.3,
            l2_penalty=10.0,
            seed=random_state,
        ),
    )
    return ChurnModel(tuple(heads), text)


def is_lost(example: Example, days: int) -> np.ndarray:
    """1 where a customer did not order in the window."""
    return (example.orders[days] == 0).astype(float)


def levelled_offset(example: Example, days: int) -> np.ndarray:
    """BG/NBD's logit, shifted to the level of the window: the models learn who, not how many."""
    logits = safe_logit(example.described.no_order[days])
    return logits + level_shift(logits, level=float(is_lost(example, days).mean()))


def level_shift(logits: np.ndarray, *, level: float) -> float:
    """What to add to logits so that the mean probability is the level (by bisection).

    Args:
        logits: Shape (n,), at least one.
        level: Wanted mean, kept within .1 % and 99.9 %.
    """
    level = float(np.clip(level, 0.001, 0.999))
    low, high = -40.0 - float(logits.max()), 40.0 - float(logits.min())
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if expit(logits + middle).mean() < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
