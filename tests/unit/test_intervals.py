"""Intervals of a value that is often zero."""

from __future__ import annotations

import json

import numpy as np
import pytest

from regulars.intervals import IntervalModel, covered_share, fit_intervals, order_group


def simulate(rows: int, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    no_order = generator.uniform(0.02, 0.9, rows)
    order_count = generator.integers(1, 9, rows)
    if_active = np.exp(generator.normal(5, 1, rows))
    spread = np.where(order_count == 1, 1.2, 0.5)
    bought = generator.random(rows) >= no_order
    actual = np.where(bought, if_active * np.exp(generator.normal(0, spread)), 0.0)
    return {
        "value": if_active * (1 - no_order),
        "actual": actual,
        "no_order": no_order,
        "order_count": order_count,
        "origin": np.arange(rows) % 4,
    }


def test_later_customers_are_covered_as_wanted() -> None:
    model = fit_intervals(**simulate(6000, 1), coverage=0.8)
    later = simulate(6000, 2)
    low, high, upper = model.bounds(
        later["value"], no_order=later["no_order"], order_count=later["order_count"]
    )
    group = order_group(later["order_count"])
    for number in (1, 2):
        rows = group == number
        assert covered_share(later["actual"][rows], low[rows], high[rows]) == pytest.approx(
            0.8, abs=0.04
        )
    assert (later["actual"] <= upper).mean() >= 0.87


def test_the_interval_begins_at_zero_where_no_order_is_likely() -> None:
    model = fit_intervals(**simulate(3000, 1), coverage=0.8)
    low, high, _ = model.bounds(
        np.array([50.0, 50.0]), no_order=np.array([0.5, 0.05]), order_count=np.array([3, 3])
    )
    assert low[0] == 0
    assert 0 < low[1] < 50 < high[1]


def test_a_near_certain_zero_has_an_upper_end_of_zero() -> None:
    model = fit_intervals(**simulate(3000, 1), coverage=0.8)
    _, high, upper = model.bounds(
        np.array([5.0]), no_order=np.array([0.97]), order_count=np.array([1])
    )
    assert high[0] == 0
    assert upper[0] == 0


def test_groups_are_one_two_to_four_and_five_orders() -> None:
    assert order_group(np.array([1, 2, 4, 5, 90])).tolist() == [0, 1, 1, 2, 2]


def test_the_model_survives_json() -> None:
    model = fit_intervals(**simulate(500, 1), coverage=0.8)
    read = IntervalModel.from_parameters(json.loads(json.dumps(model.parameters())))
    assert read.coverages == model.coverages
    assert read.origin_count == 4
    np.testing.assert_array_equal(read.residuals, model.residuals)
