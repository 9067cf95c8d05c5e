"""The published segmentations come out of the real data again, to every digit published.

They hold for the pinned scikit-learn: another release may draw other centroids from the same seed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from tests.conftest import Build
from tests.parity import segmentations
from tests.parity.segmentations import read_customers, upper_fence
from tests.parity.test_published import LATEST, PUBLISHED

pytestmark = pytest.mark.realdata

EXPECTED: dict[str, Any] = PUBLISHED["segmentations"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sum floats in one order on any machine; small fits also wait long for a second thread."""
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="module")
def years(real_data: Path) -> list[Path]:
    """The files of the two years, earliest first."""
    return sorted(real_data.glob("*.parquet"))


@pytest.fixture(scope="module")
def features(parity: Build) -> pd.DataFrame:
    """The 52 published columns, one row per customer."""
    with duckdb.connect(str(parity.database), read_only=True) as connection:
        return connection.execute(
            f"select * from customer_features_published where {LATEST} order by customer_id"
        ).df()


@pytest.mark.parametrize("recipe", ["rfm_enhanced", "behavioural"])
def test_both_tracks_of_the_published_system_are_reproduced(
    features: pd.DataFrame, recipe: str
) -> None:
    expected = EXPECTED[recipe]
    found = getattr(segmentations, recipe)(features)
    assert sizes(found.customers["cluster"]) == published_sizes(expected["clusters"])
    if recipe == "behavioural":  # the tiny cluster before it was merged
        fitted = sizes(found.customers["fitted_cluster"])
        assert [fitted[cluster] for cluster in range(3)] == expected["fitted_sizes"]
    for metric in ("silhouette", "davies_bouldin"):
        assert found.metrics[metric] == to(4, expected[metric]), metric
    total = float(features["clv"].sum())
    for cluster in expected["clusters"]:
        members = found.customers[found.customers["cluster"] == cluster["cluster"]]
        revenue = float(members["clv"].sum())
        assert revenue == to(2, cluster["revenue"])
        assert 100 * revenue / total == to(1, cluster["revenue_pct"])
        if "customer_pct" in cluster:
            assert 100 * len(members) / len(features) == to(1, cluster["customer_pct"])
        for feature, mean in cluster["means"].items():
            assert float(members[feature].mean()) == to(2, mean), feature


def test_the_value_tiers_are_reproduced_with_their_mistake(years: list[Path]) -> None:
    expected = EXPECTED["value_tiers"]
    customers = read_customers(years[1], kept_lines=segmentations.VALUE_TIER_LINES)
    assert pq.read_metadata(years[1]).num_rows == expected["raw_rows"] + 1  # a later release
    assert customers["line_count"].sum() == expected["lines"]
    assert len(customers) == expected["customers"]
    assert (customers["unit_price_sum"] > 5_000).sum() == expected["outliers_monetary"]
    assert (customers["frequency"] > 30).sum() == expected["outliers_frequency"]

    found = segmentations.value_tiers(customers).customers
    assert len(found) == expected["kept"]
    assert len(customers) - len(found) == 45
    assert sizes(found["cluster"]) == published_sizes(expected["segments"])
    found["aov"] = found["unit_price_sum"] / found["frequency"]
    for segment in expected["segments"]:
        members = found[found["cluster"] == segment["cluster"]]
        total = float(members["unit_price_sum"].sum())
        assert total == to(3, segment["total"])
        assert len(members) / len(found) == to(6, segment["share"])
        assert total / found["unit_price_sum"].sum() == to(6, segment["revenue_share"])
        assert members["aov"].mean() == to(6, segment["aov"])
        assert members["recency_days"].mean() == to(6, segment["recency"])
        assert members["frequency"].mean() == to(6, segment["frequency"])
        assert members["unit_price_sum"].mean() == to(6, segment["monetary_sum_unitprice"])


def test_the_engagement_segments_are_reproduced(years: list[Path]) -> None:
    expected = EXPECTED["engagement"]
    customers = read_customers(years[0], kept_lines=segmentations.ENGAGEMENT_LINES)
    raw_rows = pq.read_metadata(years[0]).num_rows
    assert raw_rows == expected["raw_rows"]
    assert customers["line_count"].sum() == expected["lines"]
    removed_pct = 100 * (1 - expected["lines"] / raw_rows)
    assert removed_pct == to(2, expected["removed_pct"])
    assert len(customers) == expected["customers"]
    for column in ("monetary", "frequency"):
        fence = upper_fence(customers[column])
        assert fence == to(3, expected[f"fence_{column}"])
        assert (customers[column] > fence).sum() == expected[f"outliers_{column}"]

    found = segmentations.engagement(customers)
    assert len(found.customers) == expected["kept"]
    assert found.scaler.mean_.tolist() == pytest.approx(expected["scaler_mean"], abs=5.001e-8)
    assert found.scaler.scale_.tolist() == pytest.approx(expected["scaler_scale"], abs=5.001e-9)
    assert sizes(found.customers["cluster"]) == published_sizes(expected["segments"])
    assert found.metrics["silhouette"] == to(15, expected["silhouette"])
    assert found.metrics["inertia"] == to(10, expected["inertia"])
    assert found.metrics["iterations"] == expected["n_iter"]
    np.testing.assert_allclose(found.centroids, expected["centroids"], rtol=0, atol=5.001e-9)


def test_the_mixed_segments_of_three_algorithms_are_reproduced(years: list[Path]) -> None:
    expected = EXPECTED["mixed"]
    customers = read_customers(
        years[1], kept_lines=segmentations.MIXED_LINES, without_duplicates=True
    )
    assert customers["line_count"].sum() == expected["lines"]
    assert len(customers) == expected["customers"]
    assert customers["monetary"].sum() == to(3, expected["revenue"])

    found = segmentations.mixed(customers)
    assert sizes(found["k_means"]) == published_sizes(expected["k_means"])
    assert sizes(found["ward"]) == dict(enumerate(expected["ward_sizes"]))
    assert sizes(found["gmm"]) == dict(enumerate(expected["gmm_sizes"]))
    for cluster in expected["k_means"]:
        members = found[found["k_means"] == cluster["cluster"]]
        assert members["monetary"].sum() == to(3, cluster["revenue"])
        assert members["recency_days"].mean() == to(6, cluster["avg_recency"])
        assert members["frequency"].mean() == to(6, cluster["avg_frequency"])
        assert members["monetary"].mean() == to(6, cluster["avg_monetary"])


def test_the_pipeline_with_four_clusters_is_reproduced(years: list[Path]) -> None:
    expected = EXPECTED["pipeline"]
    customers = read_customers(years[1], kept_lines=segmentations.PIPELINE_LINES)
    assert customers["line_count"].sum() == expected["lines"]
    assert len(customers) == expected["customers"]
    found = segmentations.pipeline(customers)
    assert found.metrics["silhouette"] == to(3, expected["silhouette"])
    assert found.metrics["inertia"] == to(1, expected["inertia"])
    # published as a list of sizes, without ids
    assert sorted(sizes(found.customers["cluster"]).values()) == sorted(expected["sizes"])


def to(decimals: int, published: float) -> Any:
    """Equal when rounded; the tolerance leaves room for halves that floats round either way."""
    return pytest.approx(published, rel=0, abs=0.501 * 10**-decimals)


def sizes(clusters: pd.Series) -> dict[int, int]:
    """Return how many customers each cluster has."""
    return clusters.value_counts().to_dict()


def published_sizes(clusters: list[dict[str, Any]]) -> dict[int, int]:
    return {cluster["cluster"]: cluster["customers"] for cluster in clusters}
