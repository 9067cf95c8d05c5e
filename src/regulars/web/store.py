"""The published database, read-only: the copy that is in place, swapped for a new one as it appears."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from regulars.warehouse import NotBuiltError, open_published

READERS = 8
_Identity = tuple[int, int, int]


@dataclass(frozen=True)
class Rows:
    """What a query gave: column names and rows."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """One dictionary per row."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


class Publication:
    """One published copy, open for as long as somebody reads it.

    Attributes:
        publish_id: Names the copy; another one has another.
        as_of_date: First day that it does not count.
        tables: Names of its marts.
        currency: ISO 4217 code of its money.
    """

    def __init__(self, path: Path, identity: _Identity, *, memory: str, threads: int) -> None:
        self.identity = identity
        self.publish_id = hashlib.sha256(repr(identity).encode()).hexdigest()[:16]
        self._connection, readers = open_published(
            path, memory=memory, threads=threads, readers=READERS
        )
        self._readers: queue.SimpleQueue[duckdb.DuckDBPyConnection] = queue.SimpleQueue()
        for reader in readers:
            self._readers.put(reader)
        self._users = 0
        self._is_retired = False
        self._lock = threading.Lock()
        self.tables = frozenset(
            name
            for (name,) in self.query(
                "select table_name from duckdb_tables() where schema_name = 'main' "
                "and database_name = current_database()"
            ).rows
        )
        self.as_of_date: date = self.query("select max(as_of_date) from customers").rows[0][0]
        self.currency: str = self.query(
            "select json_extract_string(value, '$') from build_settings where setting = 'currency'"
        ).rows[0][0]

    def query(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run a query; values are bound, never written into it."""
        reader = self._readers.get()
        try:
            result = reader.execute(sql, list(values))
            names = tuple(column[0] for column in result.description)
            return Rows(names, result.fetchall())
        finally:
            self._readers.put(reader)

    def stream(self, sql: str, values: Sequence[Any] = (), *, batch: int) -> Iterator[Rows]:
        """Run a query and hand on its rows in batches; the first has the names even if there are no rows."""
        reader = self._readers.get()
        try:
            result = reader.execute(sql, list(values))
            names = tuple(column[0] for column in result.description)
            rows = result.fetchmany(batch)
            yield Rows(names, rows)
            while rows := result.fetchmany(batch):
                yield Rows(names, rows)
        finally:
            self._readers.put(reader)

    def acquire(self) -> bool:
        """Count one more user; False if the copy has been closed."""
        with self._lock:
            if self._is_retired and not self._users:
                return False
            self._users += 1
            return True

    def release(self) -> None:
        """Count one user less; the last one of a retired copy closes it."""
        with self._lock:
            self._users -= 1
            is_last = self._is_retired and not self._users
        if is_last:
            self._connection.close()

    def retire(self) -> None:
        """Close the copy as soon as nobody uses it."""
        with self._lock:
            is_unused = not self._is_retired and not self._users
            self._is_retired = True
        if is_unused:
            self._connection.close()


class Store:
    """Hands out the copy that is in place."""

    def __init__(self, path: Path, *, memory: str, threads: int) -> None:
        self.path = path
        self._settings = {"memory": memory, "threads": threads}
        self._lock = threading.Lock()
        self._current: Publication | None = None

    def acquire(self) -> Publication:
        """The current copy, to be released after use.

        Raises:
            NotBuiltError: Nothing usable is published.
        """
        while True:
            publication = self._latest()
            if publication.acquire():
                return publication

    def unchanged(self) -> Publication | None:
        """The current copy, to be released after use, if it is still the one in place; never waits."""
        current = self._current
        try:
            if current and current.identity == _identity(self.path) and current.acquire():
                return current
        except NotBuiltError:
            return None
        return None

    @contextmanager
    def use(self) -> Iterator[Publication]:
        """The current copy, for the length of a block."""
        publication = self.acquire()
        try:
            yield publication
        finally:
            publication.release()

    def close(self) -> None:
        """Close the copy once its users are done."""
        with self._lock:
            if self._current:
                self._current.retire()
            self._current = None

    def _latest(self) -> Publication:
        current = self._current
        if current and current.identity == _identity(self.path):
            return current
        # who finds a new copy first opens it; until it is open the others are served from the old one
        if not self._lock.acquire(blocking=current is None):
            return current
        try:
            return self._opened()
        finally:
            self._lock.release()

    def _opened(self) -> Publication:
        while True:
            identity = _identity(self.path)
            if self._current and self._current.identity == identity:
                return self._current
            try:
                opened = Publication(self.path, identity, **self._settings)
            except duckdb.Error as error:
                raise NotBuiltError(
                    "The published database cannot be read; build it again."
                ) from error
            if _identity(self.path) != identity:  # replaced in between: take the newer one
                opened.retire()
                continue
            if self._current:
                self._current.retire()
            self._current = opened
            return opened


def _identity(path: Path) -> _Identity:
    try:
        about = os.stat(path)  # noqa: PTH116 - at each request: half the time of Path.stat
    except OSError as error:
        raise NotBuiltError(
            "There is no published database yet. Run `make build` (or `regulars build`) first."
        ) from error
    return about.st_ino, about.st_mtime_ns, about.st_size
