"""The doors to the DuckDB files: the warehouse that dbt builds in, and the published copy that people read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from regulars.errors import RegularsError

MARTS_SCHEMA = "main"
SEEDS_SCHEMA = "main_seeds"
REPLAY_SCHEMA = "main_replay"
"""Where macro record_compiled_sql keeps the SQL of the models; see `regulars.classify`."""


class NotBuiltError(RegularsError):
    """A database was asked for that no build has made yet."""


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database without the right to change it.

    Raises:
        NotBuiltError: If there is no such file.
    """
    if not path.exists():
        raise NotBuiltError(
            f"There is no database at {path}. Run `make build` (or `regulars build`) first."
        )
    connection = duckdb.connect(str(path), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def open_published(
    path: Path, *, memory: str, threads: int, readers: int
) -> tuple[duckdb.DuckDBPyConnection, list[duckdb.DuckDBPyConnection]]:
    """Open a published copy for a server: it stays as it is when a new one takes its place.

    The copy is attached to a database in memory, since DuckDB hands out one instance for each path that
    is open. Nothing else can be opened or set from then on.

    Args:
        path: The published file.
        memory: DuckDB's memory limit, such as "1GB".
        threads: DuckDB's threads.
        readers: Connections that may read side by side.

    Returns:
        What to close, and that many connections for which unqualified names mean the copy.

    Raises:
        duckdb.Error: The file is none that this DuckDB can read.
    """
    connection = duckdb.connect(":memory:", config={"memory_limit": memory, "threads": threads})
    try:
        connection.execute("set temp_directory = ''")  # nothing of the customers is written to disk
        connection.execute(f"attach {_literal(str(path))} as published (read_only)")
        cursors = [connection.cursor() for _ in range(readers)]
        for cursor in cursors:
            cursor.execute("use published")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error:
        connection.close()
        raise
    return connection, cursors


def recover(warehouse: Path) -> None:
    """Write into a database what an interrupted run left in the log beside it.

    DuckDB does so on opening, but fails where a check of a table calls a function and its columns have comments
    (duckdb/duckdb#20543), unless another database is open before. A file that is in use or damaged stays as it
    is: dbt will say so.

    Args:
        warehouse: The file that dbt builds.
    """
    if not warehouse.with_name(f"{warehouse.name}.wal").exists():
        return
    with suppress(duckdb.Error), duckdb.connect(config={"max_vacuum_tasks": 0}) as connection:
        connection.execute(f"attach {_literal(str(warehouse))} as warehouse")
        connection.execute("checkpoint warehouse")


def publish(warehouse: Path, published: Path) -> list[str]:
    """Copy the marts with their constraints and comments, then put the copy in place in one step.

    Readers see the old file or the new one, never half of it, and a crash leaves the old one.

    Args:
        warehouse: The file that dbt built; its schema `main` is copied, and those of seeds and of compiled SQL.
        published: The file to make or replace.

    Returns:
        Names of the published marts, sorted.

    Raises:
        NotBuiltError: If the warehouse does not exist or holds no mart.
    """
    if not warehouse.exists():
        raise NotBuiltError(f"There is no warehouse at {warehouse}; run `regulars build` first.")
    published.parent.mkdir(parents=True, exist_ok=True)
    for left in published.parent.glob(f".{published.name}.*.tmp*"):  # of a run that was killed
        if not _is_running(left.name.removeprefix(f".{published.name}.").split(".")[0]):
            left.unlink(missing_ok=True)
    temporary = published.with_name(f".{published.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(temporary)) as connection:
            connection.execute(f"attach {_literal(str(warehouse))} as warehouse (read_only)")
            names = _copy_tables(connection, MARTS_SCHEMA)
            if not names:
                raise NotBuiltError("The warehouse holds no mart yet; run `regulars build` first.")
            for schema in (SEEDS_SCHEMA, REPLAY_SCHEMA):
                connection.execute(f"create schema {schema}")
                _copy_tables(connection, schema)
        temporary.replace(published)
    finally:
        temporary.unlink(missing_ok=True)
    return names


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _copy_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    tables = connection.execute(
        """
        select table_name, sql, comment from duckdb_tables()
        where database_name = 'warehouse' and schema_name = ? order by table_name
        """,
        [schema],
    ).fetchall()
    column_comments = connection.execute(
        """
        select table_name, column_name, comment from duckdb_columns()
        where database_name = 'warehouse' and schema_name = ? and comment is not null
        """,
        [schema],
    ).fetchall()
    for name, definition, comment in tables:
        table = f"{schema}.{_quoted(name)}"
        connection.execute(definition)
        connection.execute(f"insert into {table} from warehouse.{table}")
        if comment:
            connection.execute(f"comment on table {table} is {_literal(comment)}")
    connection.execute("begin")  # each comment would be written to disk by itself
    for name, column, comment in column_comments:
        connection.execute(
            f"comment on column {schema}.{_quoted(name)}.{_quoted(column)} is {_literal(comment)}"
        )
    connection.execute("commit")
    return [name for name, _, _ in tables]


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
