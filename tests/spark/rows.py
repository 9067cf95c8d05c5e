"""Compare two tables, row by row: what DuckDB built, and the same by way of Spark."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import duckdb

# Doubles agree to it: sums of doubles are taken in another order.
RELATIVE = 1e-9
# A double as small as it is as good as zero: what is left of numbers that cancel out.
ABSOLUTE = 1e-12
DOUBLES = {"DOUBLE", "FLOAT"}
# Columns of documents, whose doubles are numbers in a text; a fitted tree also says how long its text is.
DOCUMENTS = {"content", "metrics", "parameters", "model_text"}
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
    for side, place in (("ours", table), ("theirs", source)):
        connection.execute(
            f"create or replace temp table {side} as "
            f"select row_number() over (order by {order}) as row_place, * from {place}"
        )
    counts = [connection.table(side).count("*").fetchone()[0] for side in ("ours", "theirs")]
    if counts[0] != counts[1]:
        return [f"rows: {counts[0]} of ours, {counts[1]} of theirs"]
    found_unequal = connection.execute(
        "select "
        + ", ".join(f"count(*) filter (where {_unequal(name, kinds)})" for name in kinds)
        + " from ours inner join theirs using (row_place)"
    ).fetchone()
    lines = []
    for name, count in zip(kinds, found_unequal, strict=True):
        if not count:
            continue
        pairs = connection.execute(
            f'select ours."{name}", theirs."{name}" from ours inner join theirs using (row_place) '
            f"where {_unequal(name, kinds)} order by row_place"
            + ("" if name in DOCUMENTS else " limit 1")
        ).fetchall()
        if name in DOCUMENTS:
            pairs = [pair for pair in pairs if not is_same_document(*pair)]
            count = len(pairs)
        if pairs:
            lines.append(f"{name}: {count} rows, such as {pairs[0]}")
    return lines


def is_same_document(our: str | None, their: str | None) -> bool:
    """Tell whether two documents are equal, the numbers in them to RELATIVE."""
    if our is None or their is None or our == their:
        return our == their
    our, their = (TREE_SIZES.sub("", text) for text in (our, their))
    return NUMBER.split(our) == NUMBER.split(their) and all(
        math.isclose(float(mine), float(other), rel_tol=RELATIVE, abs_tol=ABSOLUTE)
        for mine, other in zip(NUMBER.findall(our), NUMBER.findall(their), strict=True)
    )


def _kinds(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    relation = connection.sql(f"select * from {source} limit 0")
    # how fine a timestamp is depends on the version of pandas; Parquet has none of whole seconds
    kinds = [re.sub("^TIMESTAMP_N?S$", "TIMESTAMP", str(kind)) for kind in relation.types]
    return dict(zip(relation.columns, kinds, strict=True))


def _unequal(name: str, kinds: dict[str, str]) -> str:
    """Return the condition under which a column differs between two paired rows, doubles beyond RELATIVE."""
    ours, theirs = f'ours."{name}"', f'theirs."{name}"'
    differs = f"{ours} is distinct from {theirs}"
    if kinds[name] not in DOUBLES:
        return differs
    # a NaN equals a NaN; what is neither NULL nor infinite may be a little off
    return (
        f"{differs} and not coalesce(isfinite({ours}) and isfinite({theirs}) and abs({ours} - {theirs}) "
        f"<= greatest({RELATIVE} * greatest(abs({ours}), abs({theirs})), {ABSOLUTE}), false)"
    )
