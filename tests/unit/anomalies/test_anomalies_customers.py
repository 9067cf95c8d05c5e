"""Unusual customers: who is flagged, why, and that neither order nor batches change it."""

from __future__ import annotations

import hashlib

import duckdb
import numpy as np
import pandas as pd
import pytest

from regulars.anomalies import customers as library
from regulars.anomalies.customers import SCHEMA, fit_forest, judge_customers
from regulars.errors import InvalidSettingError, UnusableInputError

WORDINGS = pd.DataFrame(
    [
        ("frequency", "Orders so far", "count"),
        ("gross_revenue", "Gross revenue so far", "money"),
        ("avg_basket_size", "Units per order", "number"),
        ("avg_inter_purchase_days", "Average gap between purchases", "days"),
        ("return_rate", "Share of units returned", "share"),
    ],
    columns=["feature", "wording", "format"],
)
FEATURES = WORDINGS["feature"].tolist()
SETTINGS = {"wordings": WORDINGS, "score_from": 0.62, "random_state": 42}


def shop(count: int = 2_000, *, seed: int = 5) -> pd.DataFrame:
    """Customers like those of a gift shop; single buyers have no gap."""
    rng = np.random.default_rng(seed)
    frequency = 1 + rng.geometric(0.3, count)
    order_value = np.exp(5.5 + 0.7 * rng.standard_normal(count))
    return pd.DataFrame(
        {
            "customer_id": [f"{number:05}" for number in range(count)],
            "frequency": frequency,
            "gross_revenue": frequency * order_value,
            "avg_basket_size": np.exp(4.5 + 0.8 * rng.standard_normal(count)),
            "avg_inter_purchase_days": np.where(
                frequency > 2, np.exp(4 + 0.6 * rng.standard_normal(count)), np.nan
            ),
            "return_rate": np.where(rng.random(count) < 0.3, 0.1 * rng.random(count), 0.0),
        }
    )


def judge(
    connection: duckdb.DuckDBPyConnection, customers: pd.DataFrame, **changed
) -> pd.DataFrame:
    relation = connection.from_df(customers)
    relation.create("customers")
    try:
        reader = judge_customers(connection, connection.table("customers"), **SETTINGS | changed)
        return reader.read_all().to_pandas()
    finally:
        connection.execute("drop table customers")


def test_a_whale_is_unusual_and_the_reasons_say_what_is(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    customers = shop()
    customers.loc[7, ["frequency", "gross_revenue"]] = [371, 264_260.15]
    judged = judge(connection, customers).set_index("customer_id")
    whale = judged.loc["00007"]
    assert whale["is_unusual"]
    assert (judged["anomaly_score"] > whale["anomaly_score"]).sum() < 0.01 * len(judged)
    assert {whale["top_feature_1"], whale["top_feature_2"]} == {"frequency", "gross_revenue"}
    typical = customers["frequency"].median()
    reasons = {whale["reason_1"], whale["reason_2"]}
    assert f"Orders so far: 371; the typical customer has {typical:,.0f}." in reasons
    assert judged["is_unusual"].sum() < 0.02 * len(judged)
    assert judged.loc[~judged["is_unusual"], SCHEMA.names[3:]].isna().all(axis=None)


@pytest.mark.parametrize("feature", FEATURES)
def test_an_injected_extreme_is_named_first(feature: str) -> None:
    customers = shop()
    forest = fit_forest(customers[FEATURES].to_numpy(), features=tuple(FEATURES), random_state=42)
    extreme = 1.0 if feature == "return_rate" else 3 * customers[feature].max()
    injected = customers[FEATURES].iloc[:200].copy()
    injected[feature] = injected[feature].astype(float)
    injected[feature] = extreme
    first = forest.contributions(injected.to_numpy(dtype=float)).argmax(axis=1)
    assert (first == FEATURES.index(feature)).mean() >= 0.95


def test_contributions_are_none_for_the_typical_customer() -> None:
    forest = fit_forest(shop()[FEATURES].to_numpy(), features=tuple(FEATURES), random_state=42)
    np.testing.assert_array_equal(forest.contributions(forest.typical[None]), 0)
    assert forest.scores(forest.typical[None]) < 0.5


def test_equal_customers_have_equal_scores_and_no_value_counts_as_typical(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    customers = shop()
    customers.loc[1, FEATURES] = customers.loc[0, FEATURES].to_numpy()
    customers.loc[[0, 1, 2], "avg_inter_purchase_days"] = np.nan
    forest = fit_forest(customers[FEATURES].to_numpy(), features=tuple(FEATURES), random_state=42)
    customers.loc[3, FEATURES] = forest.typical
    scores = judge(connection, customers)["anomaly_score"]
    assert scores[0] == scores[1]
    filled = customers.loc[2, FEATURES].to_numpy(dtype=float).copy()
    filled[3] = forest.typical[3]
    assert forest.scores(customers.loc[[2], FEATURES].to_numpy(dtype=float)) == forest.scores(
        filled[None]
    )


def test_neither_order_nor_batches_nor_repetition_change_a_score(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = shop()
    customers.loc[7, "gross_revenue"] = 1e6
    once = judge(connection, customers).sort_values("customer_id", ignore_index=True)
    monkeypatch.setattr(library, "BATCH_CUSTOMERS", 300)
    shuffled = judge(connection, customers.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(once, shuffled.sort_values("customer_id", ignore_index=True))


def test_the_forest_is_fitted_on_a_bounded_sample_and_scores_everyone(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "FIT_CUSTOMERS", 500)
    customers = shop()
    judged = judge(connection, customers)
    assert judged["customer_id"].tolist() == customers["customer_id"].tolist()
    hashed = sorted(
        customers["customer_id"], key=lambda name: (hashlib.md5(name.encode()).hexdigest(), name)
    )[:500]
    sample = customers.set_index("customer_id").loc[hashed, FEATURES]
    names = tuple(sorted(FEATURES))
    forest = fit_forest(sample[list(names)].to_numpy(), features=names, random_state=42)
    expected = forest.scores(customers[list(names)].to_numpy())
    np.testing.assert_array_equal(judged["anomaly_score"], expected)


@pytest.mark.parametrize("count", [0, 3, 255])
def test_too_few_customers_have_no_scores(
    connection: duckdb.DuckDBPyConnection, count: int
) -> None:
    judged = judge(connection, shop().iloc[:count])
    assert len(judged) == count
    assert judged["anomaly_score"].isna().all()
    assert not judged["is_unusual"].any()


def test_a_feature_that_nobody_has_a_value_for_says_nothing(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    customers = shop().assign(avg_inter_purchase_days=np.nan)
    judged = judge(connection, customers)
    assert judged["anomaly_score"].notna().all()
    assert not (judged["top_feature_1"] == "avg_inter_purchase_days").any()


@pytest.mark.parametrize("changed", [{"score_from": None}, {"score_from": 0}, {"score_from": 1.1}])
def test_a_threshold_without_meaning_is_refused(
    connection: duckdb.DuckDBPyConnection, changed: dict[str, float]
) -> None:
    with pytest.raises(InvalidSettingError, match="score_from"):
        judge(connection, shop(10), **changed)


def test_a_seed_is_needed(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(InvalidSettingError, match="random_state"):
        judge(connection, shop(10), random_state=None)


@pytest.mark.parametrize(
    ("wordings", "named"),
    [
        pytest.param(WORDINGS.assign(feature="shoe_size"), "shoe_size", id="no column"),
        pytest.param(WORDINGS.assign(format="yes_no"), "frequency", id="no format"),
        pytest.param(WORDINGS.iloc[:0], "in all: 0", id="no features"),
    ],
)
def test_features_that_cannot_be_used_are_named(
    connection: duckdb.DuckDBPyConnection, wordings: pd.DataFrame, named: str
) -> None:
    with pytest.raises(UnusableInputError, match=named):
        judge(connection, shop(10), wordings=wordings)
