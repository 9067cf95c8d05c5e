"""The rhythm of purchases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import lognorm

from regulars.renewal import RENEWAL_FEATURES, RenewalPool, fit_renewal_pool, renewal_features


def features(pool: RenewalPool, gaps: list[float], recency: float) -> dict[str, float]:
    logs = np.log(np.array(gaps)) if gaps else np.array([])
    row = renewal_features(
        pool,
        gap_count=np.array([len(gaps)]),
        log_gap_sum=np.array([logs.sum()]),
        log_gap_square_sum=np.array([(logs**2).sum()]),
        recency_days=np.array([recency]),
    )
    return dict(zip(RENEWAL_FEATURES, row[0], strict=True))


def test_without_gaps_the_pooled_rhythm_counts() -> None:
    found = features(RenewalPool(np.log(20), 0.36), [], 20)
    law = lognorm(0.6, scale=20)
    assert found["renewal_overdue_score"] == pytest.approx(0)
    assert found["renewal_log_survival"] == pytest.approx(np.log(0.5))
    assert found["renewal_hazard"] == pytest.approx(law.pdf(20) / law.sf(20))
    assert found["renewal_probability_30d"] == pytest.approx(1 - law.sf(50) / law.sf(20))


def test_many_gaps_outweigh_the_pool() -> None:
    found = features(RenewalPool(np.log(100), 1.0), [7, 8, 6, 7, 7, 8] * 20, 7)
    assert np.exp(found["renewal_log_gap_mean"]) == pytest.approx(7.5, abs=0.5)


def test_the_longer_the_wait_the_more_overdue() -> None:
    pool = RenewalPool(np.log(30), 1.0)
    waits = [features(pool, [14, 15], days)["renewal_overdue_score"] for days in (5, 20, 200)]
    assert waits == sorted(waits)


def test_probabilities_stay_finite_when_hopelessly_late() -> None:
    found = features(RenewalPool(np.log(3), 0.05), [3] * 10, 3000)
    assert all(np.isfinite(value) for value in found.values())
    assert 0 <= found["renewal_probability_90d"] <= 1


def test_the_pool_is_the_mean_over_gaps() -> None:
    logs = np.log([10.0, 40.0])
    pool = fit_renewal_pool(
        gap_count=np.array([2, 0]),
        log_gap_sum=np.array([logs.sum(), 0]),
        log_gap_square_sum=np.array([(logs**2).sum(), 0]),
    )
    assert pool.log_gap_mean == pytest.approx(logs.mean())
    assert pool.log_gap_variance == pytest.approx(logs.var())
    empty = np.zeros(3)
    assert fit_renewal_pool(
        gap_count=empty, log_gap_sum=empty, log_gap_square_sum=empty
    ).log_gap_mean == pytest.approx(np.log(30))
