"""Compare a table that Spark wrote with the one that DuckDB built, row by row."""

from __future__ import annotations

import math
import re
from pathlib import Path
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
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


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
    relation = connection.sql(f"select * {source} limit 0")
    # Parquet has no timestamps of whole seconds
    kinds = [str(kind).removesuffix("_S") for kind in relation.types]
    return dict(zip(relation.columns, kinds, strict=True))
