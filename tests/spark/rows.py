"""Compare two tables, row by row: what DuckDB built, and the same by way of Spark."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import duckdb

# Doubles agree to it: sums of doubles are taken in another order.
RELATIVE = 1e-9
# A double as small as it is as good as zero: what is left of numbers that cancel out.
ABSOLUTE = 1e-12
DOUBLES = {"DOUBLE", "FLOAT"}
# Columns of documents, whose doubles are numbers in a text; a fitted tree also says how long its text is.
DOCUMENTS = {"content", "parameters", "model_text"}
TREE_SIZES = re.compile(r"tree_sizes=[\d ]*")
# What DuckDB alone writes: the SQL that uploads are classified by, and what a refresh goes by.
DUCKDB_ONLY = {"main_replay"}
REFRESH_TABLES = {"refreshed_models", "matchable_lines"}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def unequal_tables(
    connection: duckdb.DuckDBPyConnection, their_source: Callable[[str, str], str]
) -> dict[str, list[str]]:
    """Compare every table of the attached database `shop`; `their_source` gives what to select the other from."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'shop' order by all"
    ).fetchall()
    assert len(tables) > 150
    found = {
        f"{schema}.{table}": differences(
            connection, f"shop.{schema}.{table}", their_source(schema, table)
        )
        for schema, table in tables
        if schema not in DUCKDB_ONLY and table not in REFRESH_TABLES
    }
    return {name: lines for name, lines in found.items() if lines}


def differences(connection: duckdb.DuckDBPyConnection, table: str, source: str) -> list[str]:
    """Tell how what comes from a source differs from a table: columns, types, rows, values.

    Rows are paired in the order of everything that must be equal exactly, then of the rounded doubles.
    """
    kinds = _kinds(connection, table)
    try:
        found = _kinds(connection, source)
    except duckdb.Error as error:
        return [str(error)]
    if found != kinds:
        other = {
            name: (kinds.get(name), found.get(name))
            for name in kinds | found
            if kinds.get(name) != found.get(name)
        }
        return [f"columns (ours, theirs): {other or 'in another order'}"]
    exact = [name for name, kind in kinds.items() if kind not in DOUBLES]
    order = ", ".join(
        [f'"{name}"' for name in exact]
        + [f'round("{name}", 6)' for name in kinds if name not in exact]
    )
    ours, theirs = (
        connection.sql(f"select * from {place} order by {order}").fetchall()
        for place in (table, source)
    )
    if len(ours) != len(theirs):
        return [f"rows: {len(ours)} of ours, {len(theirs)} of theirs"]
    unequal: dict[str, list[tuple[Any, Any]]] = {}
    for our_row, their_row in zip(ours, theirs, strict=True):
        for name, our, their in zip(kinds, our_row, their_row, strict=True):
            same = is_same_document if name in DOCUMENTS else is_same
            if not same(our, their):
                unequal.setdefault(name, []).append((our, their))
    return [f"{name}: {len(pairs)} rows, such as {pairs[0]}" for name, pairs in unequal.items()]


def is_same(our: Any, their: Any) -> bool:
    """Tell whether two values are equal, doubles to RELATIVE."""
    if isinstance(our, float) and isinstance(their, float):
        return (math.isnan(our) and math.isnan(their)) or math.isclose(
            our, their, rel_tol=RELATIVE, abs_tol=ABSOLUTE
        )
    return our == their


def is_same_document(our: str | None, their: str | None) -> bool:
    """Tell whether two documents are equal, the numbers in them to RELATIVE."""
    if our is None or their is None or our == their:
        return our == their
    our, their = (TREE_SIZES.sub("", text) for text in (our, their))
    return NUMBER.split(our) == NUMBER.split(their) and all(
        is_same(float(mine), float(other))
        for mine, other in zip(NUMBER.findall(our), NUMBER.findall(their), strict=True)
    )


def _kinds(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    relation = connection.sql(f"select * from {source} limit 0")
    # how fine a timestamp is depends on the version of pandas; Parquet has none of whole seconds
    kinds = [re.sub("^TIMESTAMP_N?S$", "TIMESTAMP", str(kind)) for kind in relation.types]
    return dict(zip(relation.columns, kinds, strict=True))
