"""Tables of a training run as JSON rows, and scores in Arrow batches."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pandas as pd
import pytest
from tests.unit.predictions.conftest import Shop, simulate_shop

from regulars.predictions import batches
from regulars.predictions.documents import as_documents
from regulars.predictions.frame import SCORING_COLUMNS
from regulars.predictions.recipes import FEATURES
from regulars.predictions.score import read_registry, score_batch
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.workflow import Predictions, train_and_judge

WORDINGS = pd.DataFrame(
    {
        "feature": FEATURES,
        "wording": [f"The {name}" for name in FEATURES],
        "format": "number",
        "told_as": None,
    }
)


@pytest.fixture(scope="module", params=[(60, 300), (40, 200)], ids=["process", "rates"])
def served(
    request: pytest.FixtureRequest, settings: PredictionSettings
) -> tuple[Shop, Predictions]:
    """A small shop on each of the lower rungs."""
    small = simulate_shop(*request.param)
    predictions = train_and_judge(
        small.snapshots,
        shop_days=small.shop_days,
        shop_windows=small.shop_windows,
        date=small.date,
        customer_count=len(small.scoring_rows),
        settings=settings,
    )
    return small, predictions


def test_every_row_of_every_table_is_one_json_object(served: tuple[Shop, Predictions]) -> None:
    _, predictions = served
    documents = as_documents(predictions)
    counts = documents["table_name"].value_counts().to_dict()
    assert counts["registry"] == len(predictions.registry)
    assert counts["eligibility"] == len(predictions.eligibility) == 6
    assert counts.get("backtest", 0) == len(predictions.backtest)
    first = documents[documents["table_name"] == "registry"].iloc[0]
    assert first["row_number"] == 1
    content = json.loads(first["content"])
    assert content["model_name"] == "serving"
    assert content["horizon_days"] is None
    assert content["as_of_date"] == f"{predictions.serving.date:%Y-%m-%d}"
    restored = json.loads(content["parameters"])
    assert restored == json.loads(predictions.registry.iloc[0]["parameters"])


def test_numbers_that_are_not_finite_are_null(served: tuple[Shop, Predictions]) -> None:
    _, predictions = served
    gains = pd.DataFrame(
        {"task": ["churn"], "captured_share": [np.nan], "worst": [-np.inf], "decile": [np.int64(3)]}
    )
    changed = Predictions(**{**vars(predictions), "gains": gains})
    rows = as_documents(changed).set_index("table_name")
    assert json.loads(rows.at["gains", "content"]) == {
        "task": "churn",
        "captured_share": None,
        "worst": None,
        "decile": 3,
    }


def test_batches_give_the_scores_of_the_whole(
    served: tuple[Shop, Predictions], monkeypatch: pytest.MonkeyPatch
) -> None:
    small, predictions = served
    monkeypatch.setattr(batches, "BATCH_CUSTOMERS", 7)
    serving = read_registry(predictions.registry)
    customers = small.scoring_rows[list(SCORING_COLUMNS)]
    with duckdb.connect() as connection:
        connection.register("frame", customers)
        connection.execute("create table customers as from frame")
        relation = connection.table("customers")
        reader = batches.score_customers(connection, relation, serving)
        # the connection that asks is free to write what comes out
        connection.register("scores_reader", reader)
        connection.execute("create table scores as from scores_reader")
        types = dict(
            connection.execute("select column_name, column_type from (describe scores)").fetchall()
        )
        scores = connection.execute("from scores").df()
        reasons = batches.explain_customers(
            connection, relation, serving, wordings=WORDINGS
        ).read_all()
    assert types["churn_decile"] == "BIGINT"
    assert types["clv_tier"] == "VARCHAR"
    assert types["is_withheld"] == "BOOLEAN"
    whole = score_batch(serving, customers)
    assert len(scores) == len(customers)
    for name in ("customer_id", "churn_probability_90d", "clv_90d", "clv_180d_high"):
        pd.testing.assert_series_equal(
            scores[name], whole[name], check_dtype=False, check_exact=True
        )
    assert reasons.schema == batches.REASON_SCHEMA
    assert (reasons.num_rows > 0) == (serving.forecaster is not None)
