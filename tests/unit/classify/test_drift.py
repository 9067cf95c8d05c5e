from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from regulars.classify import measure_drift
from regulars.predictions.frame import MART_FEATURES


def shop(customers: int, seed: int, *, recency_mean: float = 90.0) -> pa.Table:
    """Customers of one population, but for their recency."""
    random = np.random.default_rng(seed)
    columns = {name: random.lognormal(3, 1, customers) for name in MART_FEATURES}
    columns["recency_days"] = random.exponential(recency_mean, customers)
    gaps = random.lognormal(3, 1, customers)
    gaps[: customers // 2] = np.nan
    columns["avg_inter_purchase_days"] = gaps
    return pa.table(columns)


def test_the_same_population_has_not_drifted() -> None:
    drifts = measure_drift(shop(5000, 1), shop(3000, 2))
    assert len(drifts) == len(MART_FEATURES)
    assert {drift.verdict for drift in drifts} == {"none"}
    within_chance = np.mean([drift.stability_index < drift.chance_index for drift in drifts])
    assert within_chance >= 0.85


def test_a_shop_whose_customers_stay_away_has() -> None:
    first = measure_drift(shop(5000, 1), shop(3000, 2, recency_mean=300))[0]
    assert (first.feature, first.verdict) == ("recency_days", "major")
    assert first.stability_index > 0.25


def test_the_index_is_that_of_the_book() -> None:
    before, now = shop(100, 1), shop(100, 2)
    halves = pa.array([1.0] * 50 + [2.0] * 50)
    before = before.set_column(before.column_names.index("frequency"), "frequency", halves)
    shifted = pa.array([1.0] * 20 + [2.0] * 80)
    now = now.set_column(now.column_names.index("frequency"), "frequency", shifted)
    found = next(d for d in measure_drift(before, now) if d.feature == "frequency")
    assert found.stability_index == pytest.approx(
        (0.2 - 0.5) * np.log(0.2 / 0.5) + (0.8 - 0.5) * np.log(0.8 / 0.5)
    )


def test_three_customers_tell_nothing() -> None:
    verdicts = {drift.verdict for drift in measure_drift(shop(5000, 1), shop(3, 2))}
    assert "too few customers to tell" in verdicts
    assert "moderate" not in verdicts


def test_without_customers_nothing_is_measured() -> None:
    assert measure_drift(shop(10, 1), shop(10, 1).slice(0, 0)) == []
