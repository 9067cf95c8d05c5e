"""Open files of any kind as sources, and select canonical rows from them."""

import itertools
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regulars.ingest.casts import Casting, canonical_query
from regulars.ingest.dates import TextDates, decide_reading, look_at_dates
from regulars.ingest.delimited import open_csv, read_dialect, rewrite_csv
from regulars.ingest.files import InputFile, Kind
from regulars.ingest.parquet import open_parquet
from regulars.ingest.quoting import quote_literal
from regulars.ingest.settings import ReadSettings
from regulars.ingest.source import Source
from regulars.ingest.xlsx import open_workbook

_logger = logging.getLogger("regulars.ingest")
_temporary_names = itertools.count(1)


@dataclass(frozen=True)
class OpenedFile:
    """A file that was looked through and can be read.

    Attributes:
        sources: Its tables (each sheet of a workbook is one) with what their text dates look like.
        work: Folder of temporary files that sources may lie in.
    """

    sources: tuple[tuple[Source, TextDates], ...]
    work: tempfile.TemporaryDirectory

    def close(self) -> None:
        """Remove the temporary files."""
        self.work.cleanup()


def open_file(
    connection: duckdb.DuckDBPyConnection, file: InputFile, settings: ReadSettings
) -> OpenedFile:
    """Open a file, count its rows and look at its text dates.

    Args:
        connection: Reads the file.
        file: The file.
        settings: How its values are written.

    Returns:
        The opened file, to be closed; without sources if the file is empty.

    Raises:
        UnusableInputError: The file can't be read or lacks a column.
    """
    work = tempfile.TemporaryDirectory(prefix="regulars-")
    try:
        sources = _open(connection, file, settings, Path(work.name))
    except BaseException:
        work.cleanup()
        raise
    return OpenedFile(tuple(sources), work)


def look(
    connection: duckdb.DuckDBPyConnection, source: Source, settings: ReadSettings
) -> TextDates:
    """Count the rows and look at the dates, in one pass; without a pass where none is needed."""
    if source.text_date is not None and not settings.has_date_pattern:
        return look_at_dates(connection, source)
    if source.row_count is not None:
        return TextDates(row_count=source.row_count)
    rows = connection.sql(f"select count(*) from {source.scan}").fetchall()
    return TextDates(row_count=rows[0][0])


def decide_casting(
    connection: duckdb.DuckDBPyConnection, dates: Sequence[TextDates], settings: ReadSettings
) -> Casting:
    """Decide how the text of an input is cast, from the dates of all its sources."""
    reading = decide_reading(connection, dates, settings)
    if reading.patterns:
        _logger.info("text dates are read as %s", " or ".join(reading.patterns))
    return Casting(reading, settings.decimal_separator, settings.source_timezone)


def select_rows(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    casting: Casting,
    *,
    source_file_number: int,
) -> str:
    """The query for a source's canonical rows.

    Args:
        connection: Takes the rows of temporary sources into a temporary table.
        source: What to read.
        casting: How it is cast.
        source_file_number: What the column says.

    Returns:
        A select statement that needs no temporary file.
    """
    query = canonical_query(
        source,
        casting,
        source_file=quote_literal(source.label),
        source_file_number=str(source_file_number),
    )
    if not source.is_temporary:
        return query
    table = f"regulars_ingest_{next(_temporary_names)}"
    connection.execute(f"create temporary table {table} as {query}")
    return f"select * from {table}"


def _open(
    connection: duckdb.DuckDBPyConnection, file: InputFile, settings: ReadSettings, work: Path
) -> list[tuple[Source, TextDates]]:
    if file.kind is Kind.PARQUET:
        source = open_parquet(connection, file, settings)
        return [(source, look(connection, source, settings))]
    if file.kind is Kind.XLSX:
        sheets = open_workbook(file, settings, work)
        return [(sheet, look(connection, sheet, settings)) for sheet in sheets]
    dialect = read_dialect(file, settings)
    if dialect is None:
        _logger.warning("%s is empty", file.path)
        return []
    source = open_csv(file, dialect, settings, work)
    try:
        return [(source, look(connection, source, settings))]
    except duckdb.InvalidInputException as error:
        _logger.info("%s is not sound CSV and is rewritten: %s", file.path, error)
    source = rewrite_csv(file, dialect, settings, work)
    return [(source, look(connection, source, settings))]
