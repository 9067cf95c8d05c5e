"""CSV that both programs and spreadsheets can be trusted with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, TextIO

ROWS_AT_ONCE = 10_000
# A spreadsheet takes a cell that begins with one of these for a formula, or strips it and looks again
# (OWASP, "CSV Injection"); the last four are the full-width forms of the first four.
FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


class Result(Protocol):
    """A query's result, as DuckDB's connection has it after `execute`."""

    @property
    def description(self) -> Sequence[tuple[Any, ...]]:
        """One tuple per column, its name first."""

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Fetch the next rows; an empty list is the end."""


def write_csv(result: Result, out: TextIO) -> int:
    """Write a result as CSV (see `csv_pieces`); rows are never all in memory.

    Args:
        result: What to write.
        out: An open file that leaves line ends as they are (`newline=""`).

    Returns:
        Number of rows, the header not counted.
    """
    row_count = 0

    def batches() -> Iterator[list[tuple[Any, ...]]]:
        nonlocal row_count
        while batch := result.fetchmany(ROWS_AT_ONCE):
            row_count += len(batch)
            yield batch

    for piece in csv_pieces([column[0] for column in result.description], batches()):
        out.write(piece)
    return row_count


def csv_pieces(names: Sequence[str], batches: Iterable[Iterable[Sequence[Any]]]) -> Iterator[str]:
    """Rows as RFC 4180 has them (commas, quotes where needed, CRLF), a header line first.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers and dates stay what
    they are: a negative number is no formula. NULL is an empty cell; a list's parts are told apart by semicolons.

    Args:
        names: Columns.
        batches: Rows, some at a time.

    Yields:
        The header, then a piece for each batch.
    """
    yield _piece([names])
    for batch in batches:
        yield _piece(batch)


def _piece(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(
        [_cell(value) for value in row] for row in rows
    )
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
