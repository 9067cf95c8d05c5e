"""Compare tables of two databases."""

from pathlib import Path
from typing import Any

import duckdb


def table_names(database: Path, schema: str = "main") -> list[str]:
    """Names of the tables in a schema, sorted."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select table_name from duckdb_tables() where schema_name = ? order by 1", [schema]
        ).fetchall()
    return [name for (name,) in rows]


def content(database: Path, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query, in an order that does not depend on how they are stored."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(f"select * from ({query}) order by all").fetchall()


def fingerprint(database: Path, table: str) -> tuple[int, str]:
    """Number of rows, and a hash over all of them as text."""
    query = f"""
        select count(*), coalesce(md5(string_agg(md5(line), '' order by line)), '')
        from (select {table}::varchar as line from {table})
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchone()
