"""What features add to the served scores, exactly: with a base, the same for everybody, they sum to them.

- **Churn**: to the logit of the chance of no order in 90 days.
- **Value**: to the logarithm of the value of 90 days.
- **Next purchase**: to the log odds of an order within 30 days against none in 90.

Linear models contribute coefficient times place, trees their exact Shapley values. The purchase processes
are split by exact Shapley values among what they are functions of (`process_parts`). A contribution by way
of a feature that a process forecasts is passed on to the same, in proportion to the sizes of their parts.
Where a sum goes through a curve (the logarithm of a chance), its contributions are stretched by the slope
of the line from the base to the customer's place on the curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit

from regulars.predictions.churn import CORRECTION_WEIGHT, ChurnModel
from regulars.predictions.process_parts import ARGUMENT_FEATURES, ProcessParts, Split
from regulars.predictions.recipes import FEATURES, PROCESS_FEATURES, Described
from regulars.predictions.score import Serving
from regulars.predictions.train import LABEL_DAYS
from regulars.predictions.value import SMALLEST_CHANCE, ValueModel
from regulars.predictions.window import WindowModel
from regulars.threads import single_threaded

CHURN_TASK, VALUE_TASK, NEXT_PURCHASE_TASK = "churn_90d", "value_90d", "next_purchase"

# Sums nearer to the base take the slope at this distance; a curve is straight so far.
SMALLEST_DISTANCE = 1e-6

_ARGUMENTS = [FEATURES.index(feature) for feature in ARGUMENT_FEATURES.values()]


@dataclass(frozen=True)
class Explanation:
    """Contributions to a score.

    Attributes:
        contributions: Shape (n, features), in the order of FEATURES.
        base: What they are added to.
    """

    contributions: np.ndarray
    base: float

    @property
    def score(self) -> np.ndarray:
        """The score, shape (n,)."""
        return self.base + self.contributions.sum(axis=1)

    def __add__(self, other: Explanation) -> Explanation:
        """The explanation of a sum."""
        return Explanation(self.contributions + other.contributions, self.base + other.base)

    def times(self, factor: float) -> Explanation:
        """The explanation of a multiple."""
        return Explanation(self.contributions * factor, self.base * factor)

    def plus(self, constant: float) -> Explanation:
        """The explanation of the score and a constant."""
        return Explanation(self.contributions, self.base + constant)

    def through(self, curve: Callable[[np.ndarray], np.ndarray]) -> Explanation:
        """The explanation of a curve of the score."""
        base = np.array([self.base])
        distance = self.score - base
        distance = np.where(np.abs(distance) < SMALLEST_DISTANCE, SMALLEST_DISTANCE, distance)
        slope = (curve(base + distance) - curve(base)) / distance
        return Explanation(self.contributions * slope[:, None], float(curve(base)[0]))


def explain(serving: Serving, described: Described) -> dict[str, Explanation]:
    """Contributions to the served scores of each task, in the order of the tables.

    Args:
        serving: With a forecaster and a reference.
        described: The customers.
    """
    forecaster = serving.forecaster
    parts = ProcessParts(forecaster.backbone, described.history, serving.reference)
    with single_threaded():
        churn = _explain_churn(forecaster.churn, described, parts)
        churn = churn.plus(forecaster.churn_shifts[LABEL_DAYS])
        value = _explain_value(forecaster.value, described, parts, churn)
        value = value.plus(float(np.log(forecaster.value_scales[LABEL_DAYS])))
        window = _explain_window(forecaster.window, described, parts, churn)
    return {CHURN_TASK: churn, VALUE_TASK: value, NEXT_PURCHASE_TASK: window}


def _explain_churn(
    model: ChurnModel | None, described: Described, parts: ProcessParts
) -> Explanation:
    process = _of_process(parts.churn_logit)
    if model is None:
        return process
    places = described.centred
    linear = np.mean([head.contributions(places) for head in model.heads], axis=0)
    count = len(FEATURES)
    # each feature has a place and its square
    folded = np.column_stack([linear[:, :count] + linear[:, count:-1], linear[:, -1]])
    corrections = _of_models(folded + model.trees.contributions(described.places), parts)
    return process + corrections.times(CORRECTION_WEIGHT)


def _explain_value(
    model: ValueModel | None, described: Described, parts: ProcessParts, churn: Explanation
) -> Explanation:
    process = _of_process(parts.log_value)
    if model is None:
        return process
    seasonal = _of_process(parts.log_seasonal_value)
    tweedie, if_active = (
        _of_models(trees.contributions(described.places), parts)
        for trees in (model.tweedie, model.order)
    )
    hurdle = churn.through(_log_chance_of_order) + if_active
    return (process + seasonal + tweedie + hurdle).times(1 / 4)


def _explain_window(
    model: WindowModel | None, described: Described, parts: ProcessParts, churn: Explanation
) -> Explanation:
    if model is None:
        return _of_process(parts.near_to_none)
    near, far, _ = np.moveaxis(model.trees.contributions(described.places), 1, 0)
    chances = model.chances(described)
    wanted = np.log(chances[:, 0]) - np.log(chances[:, 1])
    trees = _of_models(_reaching(near - far, wanted), parts)
    order = (trees + _of_process(parts.near_to_far)).times(1 / 2)
    # the chance that an order within 90 days comes within 30, over the odds that there is none
    return order.through(log_expit) + churn.times(-1)


def _of_process(split: Split) -> Explanation:
    contributions = np.zeros((len(split.parts), len(FEATURES)))
    contributions[:, _ARGUMENTS] = split.parts
    return Explanation(contributions, split.base)


def _of_models(contributions: np.ndarray, parts: ProcessParts) -> Explanation:
    """Of linear models and trees, shape (n, features + 1), with what the processes forecast passed on."""
    own = contributions[:, :-1].copy()
    for feature in PROCESS_FEATURES:
        number = FEATURES.index(feature)
        own[:, _ARGUMENTS] += own[:, [number]] * shares(parts.behind(feature))
        own[:, number] = 0.0
    return Explanation(own, float(contributions[0, -1]) if len(contributions) else 0.0)


def _reaching(contributions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Contributions that sum to what is wanted: what a floor has changed is shared by their sizes."""
    rest = wanted - contributions.sum(axis=1)
    own = contributions[:, :-1] + rest[:, None] * shares(contributions[:, :-1])
    return np.column_stack([own, contributions[:, -1]])


def shares(parts: np.ndarray) -> np.ndarray:
    """Sizes of parts as shares of their sum, shape (n, k); even where all are zero."""
    sizes = np.abs(parts)
    total = sizes.sum(axis=1, keepdims=True)
    return np.where(total > 0, sizes / np.where(total > 0, total, 1.0), 1 / parts.shape[1])


def _log_chance_of_order(churn_logit: np.ndarray) -> np.ndarray:
    return np.maximum(log_expit(-churn_logit), np.log(SMALLEST_CHANCE))
