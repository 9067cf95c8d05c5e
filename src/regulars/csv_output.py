"""CSV that both programs and spreadsheets can be trusted with."""

from __future__ import annotations

import csv
from collections.abc import Sequence
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
    """Write a result as RFC 4180 has it (commas, quotes where needed, CRLF), a header line first.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers and dates stay what
    they are: a negative number is no formula. NULL is an empty cell. Rows are never all in memory.

    Args:
        result: What to write.
        out: An open file that leaves line ends as they are (`newline=""`).

    Returns:
        Number of rows, the header not counted.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(column[0]) for column in result.description])
    row_count = 0
    while batch := result.fetchmany(ROWS_AT_ONCE):
        writer.writerows([_cell(value) for value in row] for row in batch)
        row_count += len(batch)
    return row_count


def _cell(value: object) -> object:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
