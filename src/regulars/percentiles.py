"""Features as percentiles within a snapshot, so that a model means the same at every origin.

Raw features drift: a shop's second year has longer tenures and more orders than its first. The place of
a customer among the customers of the same date drifts much less. A snapshot's table of quantiles is
small and can be kept as JSON, so that a single customer can be placed later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Knots of a feature's distribution: features with fewer distinct values are kept exactly.
KNOT_COUNT = 257

# Where a missing value is placed for methods that cannot read it as missing: the middle.
MISSING_PLACE = 0.5


@dataclass(frozen=True)
class QuantileTable:
    """The distribution of one feature in one snapshot.

    Attributes:
        values: Distinct values, ascending; empty when the snapshot has none.
        places: Place of each value, 0 to 1: the share below it and half the share equal to it.
    """

    values: tuple[float, ...]
    places: tuple[float, ...]

    @classmethod
    def fit(cls, values: np.ndarray) -> QuantileTable:
        """Measure the distribution of a feature.

        Args:
            values: Numbers, shape (n,); NaN where the feature is missing, which is left out.
        """
        present = np.sort(values[~np.isnan(values)])
        if not len(present):
            return cls((), ())
        distinct, counts = np.unique(present, return_counts=True)
        places = (np.cumsum(counts) - counts / 2) / len(present)
        if len(distinct) > KNOT_COUNT:
            wanted = np.searchsorted(places, np.linspace(0, 1, KNOT_COUNT))
            kept = np.unique(np.clip(wanted, 0, len(distinct) - 1))
            distinct, places = distinct[kept], places[kept]
        return cls(tuple(distinct.tolist()), tuple(places.tolist()))

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Place values in the distribution, between knots by straight lines.

        Args:
            values: Numbers, shape (n,).

        Returns:
            Places from 0 to 1, shape (n,); NaN where the value is missing or the snapshot had none.
        """
        if not self.values:
            return np.full(len(values), np.nan)
        placed = np.interp(values, self.values, self.places)
        return np.where(np.isnan(values), np.nan, placed)


@dataclass(frozen=True)
class PercentileTables:
    """The quantile tables of a snapshot, one per feature, in the order of the features."""

    tables: Mapping[str, QuantileTable]

    @classmethod
    def fit(cls, frame: pd.DataFrame, *, features: Sequence[str]) -> PercentileTables:
        """Measure the distributions of the features of one snapshot.

        Args:
            frame: One row per customer of one as-of date.
            features: Names of numeric columns, in the order of the output.
        """
        return cls({name: QuantileTable.fit(as_numbers(frame[name])) for name in features})

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Places of the customers, shape (n, features), NaN where missing."""
        placed = [table.transform(as_numbers(frame[name])) for name, table in self.tables.items()]
        return np.column_stack(placed) if placed else np.empty((len(frame), 0))

    def to_parameters(self) -> dict[str, dict[str, list[float]]]:
        """The tables as plain numbers, ready for JSON."""
        return {
            name: {"values": list(table.values), "places": list(table.places)}
            for name, table in self.tables.items()
        }

    @classmethod
    def from_parameters(
        cls, parameters: Mapping[str, Mapping[str, Sequence[float]]]
    ) -> PercentileTables:
        """The tables that `to_parameters` wrote."""
        return cls(
            {
                name: QuantileTable(tuple(table["values"]), tuple(table["places"]))
                for name, table in parameters.items()
            }
        )


def as_numbers(column: pd.Series) -> np.ndarray:
    """A column of numbers, decimals or booleans as float64, missing as NaN."""
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def fill_missing(places: np.ndarray) -> np.ndarray:
    """Places with the missing ones in the middle, for methods that need every number."""
    return np.where(np.isnan(places), MISSING_PLACE, places)
