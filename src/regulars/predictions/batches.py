"""Scores and reasons in Arrow batches, so that any number of customers fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pyarrow as pa

from regulars.engine import Spread, map_batches
from regulars.predictions.frame import SCORING_COLUMNS
from regulars.predictions.reasons import customer_reasons, read_wordings
from regulars.predictions.score import SCORE_COLUMNS, Serving, score_batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Customers in a batch: some 20 MB of features.
BATCH_CUSTOMERS = 20_000

_TEXTS = {
    "customer_id", "confidence_tier", "churn_model", "churn_model_reason", "value_model",
    "withheld_reason", "churn_risk_band", "clv_tier", "next_purchase_window",
}  # fmt: skip
_COUNTS = {"churn_decile", "clv_decile"}


def _score_type(name: str) -> pa.DataType:
    if name == "as_of_date":
        return pa.timestamp("us")
    if name in _TEXTS:
        return pa.string()
    if name in _COUNTS:
        return pa.int64()
    return pa.bool_() if name.startswith("is_") else pa.float64()


SCORE_SCHEMA = pa.schema([(name, _score_type(name)) for name in SCORE_COLUMNS])
REASON_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("task", pa.string()),
        ("rank", pa.int64()),
        ("feature", pa.string()),
        ("value", pa.float64()),
        ("contribution", pa.float64()),
        ("sentence", pa.string()),
    ]
)


def score_customers(
    session: duckdb.DuckDBPyConnection | Spread,
    customers: duckdb.DuckDBPyRelation,
    serving: Serving,
) -> pa.RecordBatchReader | DataFrame:
    """Score customers batch by batch.

    Args:
        session: Where the relation lives, as for `regulars.engine.map_batches`.
        customers: Rows of the scoring date with the columns SCORING_COLUMNS of `frame`.
        serving: As `regulars.predictions.score.read_registry` gives it.

    Returns:
        SCORE_SCHEMA, one row per customer, as `map_batches` gives it.
    """
    return _map(session, customers, lambda batch: score_batch(serving, batch), SCORE_SCHEMA)


def explain_customers(
    session: duckdb.DuckDBPyConnection | Spread,
    customers: duckdb.DuckDBPyRelation,
    serving: Serving,
    *,
    wordings: pd.DataFrame,
) -> pa.RecordBatchReader | DataFrame:
    """The strongest reasons of the customers' scores, batch by batch.

    Args:
        session: Where the relation lives, as for `regulars.engine.map_batches`.
        customers: As for `score_customers`.
        serving: As for `score_customers`.
        wordings: As for `regulars.predictions.reasons.read_wordings`.

    Returns:
        REASON_SCHEMA, up to five rows per customer and task, likewise.

    Raises:
        UnusableInputError: The wordings cannot be used.
    """
    words = read_wordings(wordings)
    return _map(
        session,
        customers,
        lambda batch: customer_reasons(serving, batch, wordings=words),
        REASON_SCHEMA,
    )


def _map(
    session: duckdb.DuckDBPyConnection | Spread,
    customers: duckdb.DuckDBPyRelation,
    function: Callable[[pa.Table], pd.DataFrame],
    schema: pa.Schema,
) -> pa.RecordBatchReader | DataFrame:
    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            frame = function(pa.Table.from_batches([batch]))
            yield from _typed(frame, schema).to_batches()

    return map_batches(
        session,
        customers.select(", ".join(SCORING_COLUMNS)),
        work,
        schema=schema,
        batch_rows=BATCH_CUSTOMERS,
    )


def _typed(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = [
        # a column without any value has no type of its own
        pa.nulls(len(frame), field.type)
        if frame[field.name].isna().all()
        else pa.array(frame[field.name], type=field.type, from_pandas=True, safe=False)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
