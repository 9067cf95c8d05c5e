"""The comparison itself: what counts as equal, and that a difference is found."""

from __future__ import annotations

import duckdb
import pytest

from tests.spark.rows import differences

# Two values of one column, as SQL; whether they count as the same.
PAIRS = [
    ("1e0", "1e0 + 5e-10", True),
    ("1e0", "1e0 + 5e-9", False),
    ("0e0", "5e-13", True),
    ("'nan'::double", "'nan'::double", True),
    ("'inf'::double", "'inf'::double", True),
    ("'inf'::double", "1e0", False),
    ("null::double", "0e0", False),
    ("null::double", "null::double", True),
    ("1.0000::decimal(18, 4)", "1.0001::decimal(18, 4)", False),
    ("'Can''t'", "'Cant'", False),
    ("1::integer", "1::bigint", False),
]


@pytest.mark.parametrize(("ours", "theirs", "is_same"), PAIRS)
def test_values_are_compared_as_their_kind_asks(ours: str, theirs: str, is_same: bool) -> None:
    with duckdb.connect() as connection:
        found = differences(connection, f"(select {ours} as v)", f"(select {theirs} as v)")
    assert (not found) == is_same


@pytest.mark.parametrize(
    ("ours", "theirs", "is_same"),
    [
        ('{"a": 0.1, "b": 2}', '{"a": 0.10000000000000002, "b": 2}', True),
        ('{"a": 0.1, "b": 2}', '{"a": 0.11, "b": 2}', False),
        ('{"a": 0.1, "b": 2}', '{"a": 0.1, "c": 2}', False),
    ],
)
def test_numbers_in_documents_are_numbers(ours: str, theirs: str, is_same: bool) -> None:
    with duckdb.connect() as connection:
        found = differences(
            connection, f"(select '{ours}' as content)", f"(select '{theirs}' as content)"
        )
    assert (not found) == is_same


def test_rows_may_come_in_any_order_but_none_may_be_missing() -> None:
    rows = "(select i as id, i / 3 as share from range({}) as r(i) order by i {})"
    with duckdb.connect() as connection:
        ours = rows.format(100, "")
        assert not differences(connection, ours, rows.format(100, "desc"))
        assert differences(connection, ours, rows.format(99, "")) == [
            "rows: 100 of ours, 99 of theirs"
        ]
