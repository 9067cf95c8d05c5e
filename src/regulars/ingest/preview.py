"""A first look at a file: its columns, which of them are ours, and its first rows."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import UnusableInputError
from regulars.ingest.columns import CANONICAL_COLUMNS, OPTIONAL_COLUMNS, suggest_mapping
from regulars.ingest.delimited import open_text, read_dialect
from regulars.ingest.files import InputFile, Kind, kind_of
from regulars.ingest.settings import ReadSettings
from regulars.ingest.xlsx import read_sheets

SHOWN_ROWS = 5
SHOWN_CHARACTERS = 80
SHOWN_COLUMNS = 200
_NO_SETTINGS = ReadSettings({}, "auto", ".", "UTC")


@dataclass(frozen=True)
class Preview:
    """What a file looks like.

    Attributes:
        kind: "CSV", "Parquet" or "XLSX".
        encoding: Of text; None otherwise.
        delimiter: Of text; None otherwise.
        columns: Names as the file has them, at most `SHOWN_COLUMNS`.
        column_count: All of them.
        mapping: Our column → the file's, where its name tells; None where it does not.
        optional: Our columns that a file may lack.
        rows: The first rows as text, cut to what is shown.
    """

    kind: str
    encoding: str | None
    delimiter: str | None
    columns: tuple[str, ...]
    column_count: int
    mapping: dict[str, str | None]
    optional: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def preview_file(path: Path) -> Preview:
    """Look at a file.

    Args:
        path: CSV, CSV.GZ, Parquet or XLSX, by its suffix.

    Returns:
        The preview.

    Raises:
        UnusableInputError: The file can't be read, or has no columns.
    """
    kind = kind_of(path)
    if kind is None:
        raise UnusableInputError(f"{path.name} is of a kind that can't be read.")
    encoding = delimiter = None
    if kind is Kind.CSV:
        file = InputFile(path, kind)
        dialect = read_dialect(file, _NO_SETTINGS)
        if dialect is None:
            raise UnusableInputError("The file is empty.")
        encoding, delimiter = dialect.encoding, dialect.delimiter
        columns = list(dialect.header)
        rows = _csv_rows(file, encoding, delimiter)
    elif kind is Kind.PARQUET:
        columns, rows = _parquet_rows(path)
    else:
        columns, rows = _sheet_rows(path)
    if not columns:
        raise UnusableInputError("The file has no columns.")
    return Preview(
        kind=kind.value,
        encoding=encoding,
        delimiter=delimiter,
        columns=tuple(columns[:SHOWN_COLUMNS]),
        column_count=len(columns),
        mapping={name: suggest_mapping(columns).get(name) for name in CANONICAL_COLUMNS},
        optional=tuple(sorted(OPTIONAL_COLUMNS)),
        rows=tuple(
            tuple(_shown(cell) for cell in row[:SHOWN_COLUMNS]) for row in rows[:SHOWN_ROWS]
        ),
    )


def _csv_rows(file: InputFile, encoding: str, delimiter: str) -> list[list[str]]:
    with open_text(file, encoding) as text:
        head = text.read(1 << 16)
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
            if len(rows) > SHOWN_ROWS:
                break
    except csv.Error:
        pass  # what could be read is shown; the reader says what could not
    return rows[1:]


def _parquet_rows(path: Path) -> tuple[list[str], list[list[object]]]:
    try:
        with pq.ParquetFile(path) as file:
            columns = list(file.schema_arrow.names)
            batch = next(file.iter_batches(SHOWN_ROWS), None)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnusableInputError(f"{path.name} can't be read as Parquet.") from error
    if batch is None:
        return columns, []
    return columns, [[column[at].as_py() for column in batch.columns] for at in range(len(batch))]


def _sheet_rows(path: Path) -> tuple[list[str], list[list[object]]]:
    with tempfile.TemporaryDirectory(prefix="regulars-", dir=path.parent) as folder:
        work = Path(folder)
        sheets = read_sheets(path, work)
        if not sheets:
            raise UnusableInputError("The workbook has no cells.")
        columns = sheets[0]["header"]
        table = pq.read_table(work / sheets[0]["file"]).slice(0, SHOWN_ROWS)
    rows = []
    for row in table.to_pylist():
        cells = []
        for at in range(len(columns)):
            parts = (row[f"{part}_{at}"] for part in ("text", "number", "time"))
            cells.append(next((part for part in parts if part is not None), None))
        rows.append(cells)
    return list(columns), rows


def _shown(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
