"""Rows in batches: all of them, in order, however many a batch holds."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from regulars.engine import map_batches

SCHEMA = pa.schema([("customer_id", pa.string()), ("revenue", pa.int64())])


def doubled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        revenue = [2 * value for value in batch.column("revenue").to_pylist()]
        yield pa.record_batch([batch.column("customer_id"), pa.array(revenue)], schema=SCHEMA)


@pytest.mark.parametrize("batch_rows", [1, 2048, 100_000])
def test_every_row_goes_through_the_function_once(
    connection: duckdb.DuckDBPyConnection, batch_rows: int
) -> None:
    rows = connection.sql(
        "select 'c' || i as customer_id, i as revenue from range(5000) as customers(i)"
    )
    made = map_batches(connection, rows, doubled, schema=SCHEMA, batch_rows=batch_rows).read_all()
    assert made.column("revenue").to_pylist() == [2 * value for value in range(5000)]


def test_rows_come_in_the_order_that_is_asked_for(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.sql(
        "select * from (values ('b', 1), ('a', 3), ('a', 2)) as t(customer_id, revenue)"
    )
    order = ("customer_id", "revenue")
    made = map_batches(
        connection, rows, doubled, schema=SCHEMA, batch_rows=10, order=order
    ).read_all()
    assert made.to_pylist() == [
        {"customer_id": "a", "revenue": 4},
        {"customer_id": "a", "revenue": 6},
        {"customer_id": "b", "revenue": 2},
    ]


def test_a_session_with_a_way_of_its_own_is_left_to_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    class Session:
        def map_batches(self, rows, function, *, schema, order):
            return rows, function, schema, order

    rows = connection.sql("select 1 as one")
    asked = map_batches(Session(), rows, doubled, schema=SCHEMA, batch_rows=1, order=("one",))
    assert asked == (rows, doubled, SCHEMA, ("one",))
