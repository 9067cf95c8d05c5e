"""How far the customers of a file differ from those that the models were trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import chi2

from regulars.clustering import stability_index
from regulars.predictions.frame import MART_FEATURES

BINS = 10
# The usual reading (Siddiqi, Credit Risk Scorecards, 2006).
MODERATE_FROM = 0.1
MAJOR_FROM = 0.25
CHANCE = 0.95


@dataclass(frozen=True)
class FeatureDrift:
    """The population stability index of one feature.

    Attributes:
        feature: Column of customer_features.
        stability_index: Of the shares of customers in the training population's tenths; NULLs are a bin of their own.
        chance_index: What 95 % of files drawn from the training population itself stay below.
        verdict: "major", "moderate", "none", or "too few customers to tell".
    """

    feature: str
    stability_index: float
    chance_index: float
    verdict: str


def measure_drift(baseline: pa.Table, features: pa.Table) -> list[FeatureDrift]:
    """Compare a file's customers with the training population, feature by feature.

    The index of n customers against m of the same population is about (1/n + 1/m) times chi-squared with
    one degree of freedom less than there are bins (Yurdakul, Statistical Properties of PSI, 2018): what
    stays below that is no drift.

    Args:
        baseline: Rows of customer_features of the training population.
        features: Rows of customer_features of the file.

    Returns:
        One entry per numeric feature, the largest index first; none if either has no rows.
    """
    if not baseline.num_rows or not features.num_rows:
        return []
    drifts = [
        _drift(name, _values(baseline, name), _values(features, name)) for name in MART_FEATURES
    ]
    return sorted(drifts, key=lambda drift: (-drift.stability_index, drift.feature))


def _drift(feature: str, before: np.ndarray, now: np.ndarray) -> FeatureDrift:
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if known.size else []
    expected, actual = _shares(before, edges), _shares(now, edges)
    is_used = (expected > 0) | (actual > 0)
    index = stability_index(expected[is_used], actual[is_used])
    freedom = max(int(is_used.sum()) - 1, 1)
    chance = float(chi2.ppf(CHANCE, freedom)) * (1 / len(before) + 1 / len(now))
    return FeatureDrift(feature, index, chance, _verdict(index, chance))


def _verdict(index: float, chance: float) -> str:
    if index < MODERATE_FROM:
        return "none"
    if index < chance:
        return "too few customers to tell"
    return "major" if index >= MAJOR_FROM else "moderate"


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    is_missing = np.isnan(values)
    bins = np.searchsorted(edges, values[~is_missing], side="left")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    return np.append(counts, is_missing.sum()) / len(values)


def _values(table: pa.Table, name: str) -> np.ndarray:
    column = table.column(name).cast(pa.float64(), safe=False)
    return column.to_numpy(zero_copy_only=False).astype(float)
