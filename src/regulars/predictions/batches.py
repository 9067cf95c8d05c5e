"""Scores and reasons in Arrow batches, so that any number of customers fits in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pandas as pd
import pyarrow as pa

from regulars.predictions.frame import SCORING_COLUMNS
from regulars.predictions.reasons import customer_reasons, read_wordings
from regulars.predictions.score import SCORE_COLUMNS, Serving, score_batch

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
    connection: duckdb.DuckDBPyConnection, customers: duckdb.DuckDBPyRelation, serving: Serving
) -> pa.RecordBatchReader:
    """Score customers batch by batch, as the reader is read.

    Args:
        connection: Where the relation lives.
        customers: Rows of the scoring date with the columns SCORING_COLUMNS of `frame`.
        serving: As `regulars.predictions.score.read_registry` gives it.

    Returns:
        SCORE_SCHEMA, one row per customer, in the order of the relation.
    """
    return _stream(connection, customers, lambda batch: score_batch(serving, batch), SCORE_SCHEMA)


def explain_customers(
    connection: duckdb.DuckDBPyConnection,
    customers: duckdb.DuckDBPyRelation,
    serving: Serving,
    *,
    wordings: pd.DataFrame,
) -> pa.RecordBatchReader:
    """The strongest reasons of the customers' scores, batch by batch, as the reader is read.

    Args:
        connection: Where the relation lives.
        customers: As for `score_customers`.
        serving: As for `score_customers`.
        wordings: As for `regulars.predictions.reasons.read_wordings`.

    Returns:
        REASON_SCHEMA, up to five rows per customer and task.

    Raises:
        UnusableInputError: The wordings cannot be used.
    """
    words = read_wordings(wordings)
    return _stream(
        connection,
        customers,
        lambda batch: customer_reasons(serving, batch, wordings=words),
        REASON_SCHEMA,
    )


def _stream(
    connection: duckdb.DuckDBPyConnection,
    customers: duckdb.DuckDBPyRelation,
    function: Callable[[pa.Table], pd.DataFrame],
    schema: pa.Schema,
) -> pa.RecordBatchReader:
    wanted = customers.select(", ".join(SCORING_COLUMNS)).sql_query()

    def batches() -> Iterator[pa.RecordBatch]:
        # a cursor of its own: the connection is busy writing what comes out
        with connection.cursor() as cursor:
            reader = cursor.sql(wanted).to_arrow_reader(BATCH_CUSTOMERS)
            for batch in reader:
                frame = function(pa.Table.from_batches([batch]))
                yield from _typed(frame, schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _typed(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    columns = [
        # a column without any value has no type of its own
        pa.nulls(len(frame), field.type)
        if frame[field.name].isna().all()
        else pa.array(frame[field.name], type=field.type, from_pandas=True, safe=False)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
