"""Work on rows in batches, wherever they lie: one after the other on DuckDB, beside one another on Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# What does the work: batches of whole rows in, batches of the promised schema out.
BatchFunction = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class Spread(Protocol):
    """A session with a way of its own to see to batches, such as `regulars.spark.SparkEngine`."""

    def map_batches(
        self,
        rows: duckdb.DuckDBPyRelation,
        function: BatchFunction,
        *,
        schema: pa.Schema,
        order: Sequence[str],
    ) -> DataFrame:
        """As the function below."""
        ...


def map_batches(
    session: duckdb.DuckDBPyConnection | Spread,
    rows: duckdb.DuckDBPyRelation,
    function: BatchFunction,
    *,
    schema: pa.Schema,
    batch_rows: int,
    order: Sequence[str] = (),
) -> pa.RecordBatchReader | DataFrame:
    """Let a function see all rows, a batch at a time, so that any number of them fits in memory.

    Args:
        session: What a Python model gets.
        rows: The rows, of that session.
        function: Called once on DuckDB and once per partition on Spark, so it must not remember rows beyond
            those that share the first column of `order`.
        schema: Of what the function yields.
        batch_rows: Rows of a batch on DuckDB; Spark has a setting of its own.
        order: Columns that the rows are sorted by; rows equal in the first lie in one partition.

    Returns:
        What a Python model may return: a reader, which works as it is read, or a frame of Spark.
    """
    spread = getattr(session, "map_batches", None)
    if spread:
        return spread(rows, function, schema=schema, order=order)
    wanted = (rows.order(", ".join(order)) if order else rows).sql_query()

    def batches() -> Iterator[pa.RecordBatch]:
        # a cursor of its own: the connection is busy writing what comes out
        with session.cursor() as cursor:
            yield from function(iter(cursor.sql(wanted).to_arrow_reader(batch_rows)))

    return pa.RecordBatchReader.from_batches(schema, batches())
