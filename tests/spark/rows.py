"""Compare a table that Spark wrote with the one that DuckDB built, row by row."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb

# Doubles agree to it: sums of doubles are taken in another order.
RELATIVE = 1e-9
# A double as small as it is as good as zero: what is left of numbers that cancel out.
ABSOLUTE = 1e-12
DOUBLES = {"DOUBLE", "FLOAT"}


def differences(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> list[str]:
    """Tell how the Parquet files of a folder differ from a table: columns, types, rows, values.

    Rows are paired in the order of everything that must be equal exactly, then of the rounded doubles.
    """
    kinds = _kinds(connection, f"from {table}")
    spark = f"from read_parquet('{folder}/*.parquet')"
    found = _kinds(connection, spark)
    if found != kinds:
        other = {
            name: (kinds.get(name), found.get(name))
            for name in kinds | found
            if kinds.get(name) != found.get(name)
        }
        return [f"columns (DuckDB, Spark): {other or 'in another order'}"]
    exact = [name for name, kind in kinds.items() if kind not in DOUBLES]
    order = ", ".join(
        [f'"{name}"' for name in exact]
        + [f'round("{name}", 6)' for name in kinds if name not in exact]
    )
    ours, theirs = (
        connection.sql(f"select * {source} order by {order}").fetchall()
        for source in (f"from {table}", spark)
    )
    if len(ours) != len(theirs):
        return [f"rows: {len(ours)} on DuckDB, {len(theirs)} on Spark"]
    unequal: dict[str, list[tuple[Any, Any]]] = {}
    for our_row, their_row in zip(ours, theirs, strict=True):
        for name, our, their in zip(kinds, our_row, their_row, strict=True):
            if not is_same(our, their):
                unequal.setdefault(name, []).append((our, their))
    return [f"{name}: {len(pairs)} rows, such as {pairs[0]}" for name, pairs in unequal.items()]


def is_same(our: Any, their: Any) -> bool:
    """Tell whether two values are equal; doubles to RELATIVE, those in a JSON document too."""
    if isinstance(our, float) and isinstance(their, float):
        return (math.isnan(our) and math.isnan(their)) or math.isclose(
            our, their, rel_tol=RELATIVE, abs_tol=ABSOLUTE
        )
    if our == their:
        return True
    if isinstance(our, dict) and isinstance(their, dict):
        return our.keys() == their.keys() and all(is_same(our[key], their[key]) for key in our)
    if isinstance(our, list) and isinstance(their, list):
        return len(our) == len(their) and all(map(is_same, our, their))
    if isinstance(our, str) and isinstance(their, str) and our[:1] == their[:1] == "{":
        return is_same(json.loads(our), json.loads(their))
    return False


def _kinds(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    relation = connection.sql(f"select * {source} limit 0")
    return dict(zip(relation.columns, map(str, relation.types), strict=True))
