"""Names from profiles: what a cluster is called depends on who is in it, never on its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CRITERIA = ("highest_value", "lowest_value", "longest_recency", "shortest_recency")
LONE_CLUSTER_NAME = "All Customers"


@dataclass(frozen=True)
class NamingRule:
    """Of the clusters without a name, the one that is first by `criterion` gets `name`."""

    name: str
    criterion: str


def name_clusters(profiles: np.ndarray, rules: Sequence[NamingRule]) -> list[str]:
    """Name clusters by their standing among each other.

    The clusters are ranked on recency, frequency and monetary value; value is the sum of the ranks of
    the last two. Rules are applied in order, each to the clusters that have no name yet; as many rules
    are used as there are clusters.

    Args:
        profiles: Shape (clusters, 3): typical recency_days, frequency and monetary of each; NaN for a
            cluster without members, which is named after all others.
        rules: At least one for each cluster.

    Returns:
        One name per cluster, all different. A cluster that is alone is called "All Customers".

    Raises:
        ValueError: If there are fewer rules than clusters.
    """
    if len(profiles) == 1:
        return [LONE_CLUSTER_NAME]
    if len(rules) < len(profiles):
        raise ValueError(f"{len(rules)} naming rules for {len(profiles)} clusters.")
    is_empty = np.isnan(profiles).any(axis=1)
    recency, frequency, monetary = profiles.T
    value = _rank(frequency) + _rank(monetary)
    # equal standing: the more money, the shorter recency, the more orders come first
    tie_break = np.lexsort((frequency, -recency, monetary)).argsort()
    keys = {
        "highest_value": -value,
        "lowest_value": value,
        "longest_recency": -recency,
        "shortest_recency": recency,
    }
    names: dict[int, str] = {}
    for rule in rules[: len(profiles)]:
        left = [i for i in range(len(profiles)) if i not in names]
        key = keys[rule.criterion]
        names[min(left, key=lambda i: (is_empty[i], key[i], -tie_break[i]))] = rule.name
    return [names[i] for i in range(len(profiles))]


def _rank(values: np.ndarray) -> np.ndarray:
    """Rank from 1, equal values equal."""
    return np.searchsorted(np.unique(values), values) + 1
