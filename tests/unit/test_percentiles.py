"""Places within a snapshot."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from regulars.percentiles import PercentileTables, QuantileTable, fill_missing


def test_ties_share_the_middle_of_their_places() -> None:
    table = QuantileTable.fit(np.array([1.0, 1, 2, 4]))
    assert table.transform(np.array([1.0, 2, 4])).tolist() == [0.25, 0.625, 0.875]


def test_values_between_and_beyond_are_placed_too() -> None:
    table = QuantileTable.fit(np.array([0.0, 10]))
    assert table.transform(np.array([-5.0, 5, 50])).tolist() == [0.25, 0.5, 0.75]


def test_missing_values_stay_missing_until_they_are_filled() -> None:
    table = QuantileTable.fit(np.array([1.0, np.nan, 3]))
    placed = table.transform(np.array([np.nan, 3.0]))
    assert np.isnan(placed[0])
    assert fill_missing(placed).tolist() == [0.5, 0.75]
    assert np.isnan(QuantileTable.fit(np.array([np.nan])).transform(np.array([1.0]))).all()


def test_many_values_keep_few_knots_and_their_places() -> None:
    values = np.random.default_rng(1).lognormal(size=5000)
    table = QuantileTable.fit(values)
    assert len(table.values) <= 257
    ranks = (np.argsort(np.argsort(values)) + 0.5) / len(values)
    assert np.abs(table.transform(values) - ranks).max() < 0.005


def test_tables_survive_json() -> None:
    frame = pd.DataFrame({"orders": [1, 2, None], "is_bulk": [True, False, True]})
    tables = PercentileTables.fit(frame, features=["is_bulk", "orders"])
    read = PercentileTables.from_parameters(json.loads(json.dumps(tables.to_parameters())))
    np.testing.assert_array_equal(read.transform(frame), tables.transform(frame))
    assert list(read.tables) == ["is_bulk", "orders"]
