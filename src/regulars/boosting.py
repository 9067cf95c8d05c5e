"""Gradient-boosted trees (LightGBM) that give the same model for the same rows, kept as text.

Ke et al. (2017), LightGBM: A Highly Efficient Gradient Boosting Decision Tree. Contributions are exact
Shapley values of the trees (Lundberg et al., 2020, From local explanations to global understanding with
explainable AI for trees).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm
import numpy as np

# Settings that make LightGBM repeat itself: one thread, so that sums are taken in one order whatever
# the machine; row-wise histograms, so that no timing decides how they are built.
DETERMINISM = {
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "feature_pre_filter": False,
}

# Splits after which the ways that rows go through a tree are numbered anew, so that numbers stay small.
WAYS_BITS = 30


@dataclass(frozen=True, kw_only=True)
class BoostingSettings:
    """How trees are grown.

    Attributes:
        objective: LightGBM's name of the loss.
        rounds: Trees (per class).
        learning_rate: Share of each tree's correction that is taken.
        leaves: Leaves of a tree, at most.
        leaf_rows: Rows of a leaf, at least.
        feature_share: Share of the features that each tree may use.
        l2_penalty: Ridge penalty on leaf values.
        seed: Seed of everything random.
        options: Further LightGBM parameters, such as the number of classes.
    """

    objective: str
    rounds: int
    learning_rate: float
    leaves: int
    leaf_rows: int
    feature_share: float
    l2_penalty: float
    seed: int
    options: tuple[tuple[str, Any], ...] = ()

    def parameters(self) -> dict[str, Any]:
        """The settings in LightGBM's words."""
        return {
            "objective": self.objective,
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.leaf_rows,
            "feature_fraction": self.feature_share,
            "lambda_l2": self.l2_penalty,
            "seed": self.seed,
            **DETERMINISM,
            **dict(self.options),
        }


class BinnedFeatures:
    """Features cut into histogram bins once, for the fits of several targets."""

    def __init__(self, features: np.ndarray, *, seed: int) -> None:
        """Cut the features.

        Args:
            features: Numbers, shape (n, features); NaN is missing.
            seed: Seed of the rows that bins are drawn from where there are very many.
        """
        self.features = features
        self._rows = lightgbm.Dataset(features, params=DETERMINISM | {"seed": seed}).construct()

    def labelled(
        self, target: np.ndarray, *, offset: np.ndarray | None, weight: np.ndarray | None
    ) -> lightgbm.Dataset:
        """The bins with a target in place of the last one, until the next."""
        rows = self._rows.set_label(target)
        # the setters of these two would leave the last ones where None is given
        return rows.set_field("init_score", offset).set_field("weight", weight)


def fit_trees(
    features: np.ndarray | BinnedFeatures,
    target: np.ndarray,
    *,
    settings: BoostingSettings,
    offset: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> str:
    """Fit trees and return the model as text.

    Args:
        features: Numbers, shape (n, features); NaN is missing. Binned ones must have the settings' seed.
        target: What to predict, shape (n,).
        settings: How trees are grown.
        offset: What each row starts from, on the scale of the raw score, shape (n,).
        weight: Weight of each row, shape (n,).

    Returns:
        LightGBM's text form of the model.
    """
    if not isinstance(features, BinnedFeatures):
        features = BinnedFeatures(features, seed=settings.seed)
    rows = features.labelled(target, offset=offset, weight=weight)
    booster = lightgbm.train(settings.parameters(), rows, num_boost_round=settings.rounds)
    return booster.model_to_string()


@dataclass(frozen=True)
class Split:
    """Where a tree parts rows.

    Attributes:
        feature: Position of the feature.
        threshold: Rows with at most this go left.
        missing_left: Whether rows without a value go left.
    """

    feature: int
    threshold: float
    missing_left: bool

    def goes_left(self, values: np.ndarray) -> np.ndarray:
        """Which rows go left, by their values of the feature, shape (n,)."""
        left = values <= self.threshold
        return left | np.isnan(values) if self.missing_left else left


def _splits(node: Mapping[str, Any]) -> Iterator[Split]:
    """The splits of a tree as LightGBM dumps it; ValueError if they are not of numbers, missing as NaN."""
    if "split_feature" not in node:
        return
    if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
        raise ValueError("Contributions are told of trees that split numbers, with NaN as missing.")
    threshold = node["threshold"]
    # where training saw no missing value, LightGBM reads a missing one as 0
    is_known = node["missing_type"] == "NaN"
    missing_left = node["default_left"] if is_known else threshold >= 0
    yield Split(node["split_feature"], threshold, missing_left)
    yield from _splits(node["left_child"])
    yield from _splits(node["right_child"])


class Trees:
    """A fitted model read from its text."""

    def __init__(self, text: str) -> None:
        """Read the model.

        Args:
            text: LightGBM's text form of a model.
        """
        self._booster = lightgbm.Booster(model_str=text)

    def raw_scores(self, features: np.ndarray) -> np.ndarray:
        """Sums of the trees, without offset, shape (n,) or (n, classes)."""
        return np.asarray(self._booster.predict(features, raw_score=True, num_threads=1))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predictions on the scale of the target, without offset, shape (n,) or (n, classes)."""
        return np.asarray(self._booster.predict(features, num_threads=1))

    def contributions(self, features: np.ndarray) -> np.ndarray:
        """Exact contributions to the raw score; the last is the base value.

        Rows that a tree sends the same way at each of its splits get the same from it: LightGBM explains one
        of them.

        Args:
            features: Numbers, shape (n, features); NaN is missing.

        Returns:
            Shape (n, features + 1), of several classes (n, classes, features + 1).
        """
        outputs = self._booster.num_model_per_iteration()
        # a feature's numbers in one piece, for they are read and added to by feature
        columns = np.ascontiguousarray(features.T)
        found = np.zeros((outputs, len(columns) + 1, len(features)))
        for number, splits in enumerate(self._splits if len(features) else ()):
            iteration, output = divmod(number, outputs)
            ways = np.zeros(len(features), dtype=np.int64)
            for place, split in enumerate(splits, start=1):
                ways = 2 * ways + split.goes_left(columns[split.feature])
                if place % WAYS_BITS == 0:
                    _, ways = np.unique(ways, return_inverse=True)
            _, examples, places = np.unique(ways, return_index=True, return_inverse=True)
            explained = self._booster.predict(
                features[examples],
                pred_contrib=True,
                num_threads=1,
                start_iteration=iteration,
                num_iteration=1,
            )
            own = np.asarray(explained).reshape(len(examples), outputs, -1)[:, output].T
            for feature in {split.feature for split in splits} | {len(columns)}:
                found[output, feature] += own[feature][places]
        found = np.moveaxis(found, 2, 0)
        return found[:, 0] if outputs == 1 else found

    @cached_property
    def _splits(self) -> list[list[Split]]:
        """The splits of each tree."""
        trees = self._booster.dump_model()["tree_info"]
        return [list(_splits(tree["tree_structure"])) for tree in trees]

    def gains(self) -> np.ndarray:
        """Total gain of the splits on each feature, shape (features,)."""
        return np.asarray(self._booster.feature_importance(importance_type="gain"))
