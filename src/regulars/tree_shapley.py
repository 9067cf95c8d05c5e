"""Exact Shapley values of many rows in small trees.

A tree's contributions to a row follow from the side that the row takes at each of its few splits, so they
are worked out once for every combination of sides that occurs. In the game of Lundberg et al. (2020),
From local explanations to global understanding with explainable AI for trees, a leaf's worth to a set of
features is its value, times 1 or 0 for each feature of the set that leads there or not, times the share of
the training rows that took the way there for each other feature. A Shapley value is the integral over t of
the worth's slope where every other feature is in the set with probability t (Owen 1972, Multilinear
Extensions of Games): a polynomial in t, which Gauss-Legendre quadrature integrates exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np


@dataclass
class _Tree:
    """A tree taken apart.

    Attributes:
        splits: LightGBM's inner nodes, in the order met.
        leaves: Value of each leaf with the way there: number of the split, whether it goes left, and the
            share of the split's training rows that go there.
    """

    splits: list[Mapping[str, Any]] = field(default_factory=list)
    leaves: list[tuple[float, list[tuple[int, bool, float]]]] = field(default_factory=list)


def tree_contributions(structures: Iterable[Mapping[str, Any]], features: np.ndarray) -> np.ndarray:
    """Contributions to the sum of trees.

    Args:
        structures: Trees of numeric splits in the form of LightGBM's `dump_model`.
        features: Numbers, shape (n, features); NaN is missing.

    Returns:
        Shape (n, features + 1); the last is the base value.
    """
    # by column, which is how trees read and write
    columns = np.ascontiguousarray(features.T)
    contributions = np.zeros((len(columns) + 1, len(features)))
    for structure in structures:
        tree = _Tree()
        _take_apart(structure, [], tree)
        for value, way in tree.leaves:
            contributions[-1] += value * np.prod([share for _, _, share in way])
        if tree.splits:
            sides = np.zeros(len(features), dtype=np.int64)
            for number, split in enumerate(tree.splits):
                sides |= _goes_left(split, columns).astype(np.int64) << number
            met, row_sides = np.unique(sides, return_inverse=True)
            is_left = (met[:, None] >> np.arange(len(tree.splits)) & 1).astype(bool)
            for feature, parts in _table(tree, is_left):
                contributions[feature] += parts[row_sides]
    return contributions.T


def _take_apart(node: Mapping[str, Any], way: list[tuple[int, bool, float]], tree: _Tree) -> None:
    if "split_feature" not in node:
        tree.leaves.append((node["leaf_value"], way))
        return
    number = len(tree.splits)
    tree.splits.append(node)
    for side in ("left_child", "right_child"):
        child = node[side]
        rows = child.get("internal_count", child.get("leaf_count"))
        step = (number, side == "left_child", rows / node["internal_count"])
        _take_apart(child, [*way, step], tree)


def _goes_left(split: Mapping[str, Any], columns: np.ndarray) -> np.ndarray:
    values = columns[split["split_feature"]]
    below = values <= split["threshold"]
    # where none was missing in training, LightGBM takes a missing number as 0
    is_missing_left = (
        split["default_left"] if split["missing_type"] == "NaN" else split["threshold"] >= 0
    )
    return below | np.isnan(values) if is_missing_left else below


def _table(tree: _Tree, is_left: np.ndarray) -> Iterable[tuple[int, np.ndarray]]:
    """Features of the splits, each with its contribution for each combination of sides."""
    used = sorted({split["split_feature"] for split in tree.splits})
    # a feature that a way does not ask leads there and takes no rows from it
    leads = np.ones((len(is_left), len(tree.leaves), len(used)))
    shares = np.ones((len(tree.leaves), len(used)))
    for leaf, (_, way) in enumerate(tree.leaves):
        for number, left, share in way:
            place = used.index(tree.splits[number]["split_feature"])
            leads[:, leaf, place] *= is_left[:, number] == left
            shares[leaf, place] *= share
    points, weights = _quadrature((len(used) + 1) // 2)
    factors = leads[..., None] * points + shares[..., None] * (1 - points)
    slopes = factors.prod(axis=2, keepdims=True) / factors @ weights
    values = np.array([value for value, _ in tree.leaves])
    parts = ((leads - shares) * slopes * values[:, None]).sum(axis=1)
    return zip(used, parts.T, strict=True)


@cache
def _quadrature(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights between 0 and 1 that integrate polynomials up to degree 2 count - 1 exactly."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2
