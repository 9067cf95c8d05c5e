"""Load files in two steps, so that a later load opens only what is new: register, then read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from regulars.errors import UnusableInputError
from regulars.ingest.files import InputFile, find_files, kind_of
from regulars.ingest.opening import OpenedFile, decide_casting, open_file, select_rows
from regulars.ingest.quoting import quote_literal
from regulars.ingest.readers import no_rows_error, require_order
from regulars.ingest.registry import (
    REGISTRY_SCHEMA,
    FileStamp,
    RegisteredSource,
    file_keys,
    has_changed,
    read_registry,
    reading_fingerprint,
    registry_table,
    stamp_file,
    with_stamp,
)
from regulars.ingest.settings import ReadSettings, checked_settings

_opened: dict[tuple[FileStamp, str], OpenedFile] = {}
"""Files that `register_files` opened and `read_registered` has not read yet: opening a workbook or a
damaged CSV means converting it, which is not done twice in a process."""


def register_files(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    *,
    known: pa.Table | None,
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> pa.Table:
    """List the tables of the input. Files that did not change are not opened.

    Args:
        connection: Looks through new files.
        paths: Files, folders and globs; see `regulars.ingest.files.find_files`.
        known: The registry of an earlier load; one with other columns, of another version, is
            passed over.
        column_mapping: As for `read_transactions`.
        date_format: As for `read_transactions`.
        decimal_separator: As for `read_transactions`.
        source_timezone: As for `read_transactions`.

    Returns:
        The registry (`REGISTRY_SCHEMA`), in the order of the input.

    Raises:
        UnusableInputError: A file can't be read, lacks a column, or there are no rows at all.
        InvalidSettingError: A setting has no meaning.
    """
    settings = checked_settings(
        connection,
        column_mapping=column_mapping,
        date_format=date_format,
        decimal_separator=decimal_separator,
        source_timezone=source_timezone,
    )
    require_order(connection)
    is_known = known is not None and known.schema.names == REGISTRY_SCHEMA.names
    before = read_registry(known) if is_known else {}
    reading = reading_fingerprint(settings)
    files = find_files(paths)
    sources: list[RegisteredSource] = []
    for file in files:
        sources += _register(connection, file, before.get(str(file.path), []), settings, reading)
    dates = [source.dates for source in sources]
    if not any(seen.row_count for seen in dates):
        raise no_rows_error(files)
    casting = decide_casting(connection, dates, settings)
    return registry_table(sources, file_keys(sources, casting.dates))


def read_registered(
    connection: duckdb.DuckDBPyConnection,
    registry: pa.Table,
    *,
    loaded: Collection[str],
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> duckdb.DuckDBPyRelation | None:
    """Read the tables of the input that are not loaded yet.

    Args:
        connection: Where the relation lives.
        registry: As `register_files` returned it for the same settings.
        loaded: Values of `file_key` whose rows are there already.
        column_mapping: As for `read_transactions`.
        date_format: As for `read_transactions`.
        decimal_separator: As for `read_transactions`.
        source_timezone: As for `read_transactions`.

    Returns:
        Rows as `read_transactions` has them, with `file_key`; None if there is nothing to read.

    Raises:
        UnusableInputError: A file or the settings changed since it was registered.
    """
    settings = checked_settings(
        connection,
        column_mapping=column_mapping,
        date_format=date_format,
        decimal_separator=decimal_separator,
        source_timezone=source_timezone,
    )
    require_order(connection)
    reading = reading_fingerprint(settings)
    sources = [source for found in read_registry(registry).values() for source in found]
    if any(source.reading != reading for source in sources):
        raise UnusableInputError(
            "The files were registered with other settings: run py_input_files again."
        )
    casting = decide_casting(connection, [source.dates for source in sources], settings)
    wanted: dict[FileStamp, list[tuple[int, int, str]]] = {}
    for row in registry.to_pylist():
        if row["row_count"] and row["file_key"] not in loaded:
            stamp = FileStamp(**{name: row[name] for name in FileStamp.__dataclass_fields__})
            place = (row["part"], row["source_file_number"], row["file_key"])
            wanted.setdefault(stamp, []).append(place)
    queries = []
    for stamp, places in wanted.items():
        opened = _take_opened(connection, stamp, reading, settings)
        try:
            for part, number, key in places:
                source, _ = opened.sources[part - 1]
                query = select_rows(connection, source, casting, source_file_number=number)
                queries.append(f"select *, {quote_literal(key)} as file_key from ({query})")
        finally:
            opened.close()
        _require_unchanged(stamp)
    return connection.sql(" union all ".join(queries)) if queries else None


def loaded_keys(connection: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    """The values of `file_key` whose rows a table holds; none if it has no such column.

    Args:
        connection: Has the table.
        relation: Its name, quoted.
    """
    rows = connection.sql(f"from {relation}")
    if "file_key" not in rows.columns:
        return set()
    found = rows.filter("file_key is not null").project("file_key").distinct().fetchall()
    return {key for (key,) in found}


def _register(
    connection: duckdb.DuckDBPyConnection,
    file: InputFile,
    known: Sequence[RegisteredSource],
    settings: ReadSettings,
    reading: str,
) -> list[RegisteredSource]:
    before = known[0].stamp if known and known[0].reading == reading else None
    stamp = stamp_file(file.path, before)
    if before is not None and stamp.sha256 == before.sha256:
        return [with_stamp(source, stamp) for source in known]
    opened = open_file(connection, file, settings)
    _require_unchanged(stamp)
    _opened[stamp, reading] = opened
    return [
        RegisteredSource(
            stamp=stamp,
            part=part,
            label=source.label,
            reading=reading,
            dates=dates,
            has_text_dates=source.text_date is not None and not settings.has_date_pattern,
        )
        for part, (source, dates) in enumerate(opened.sources, start=1)
    ]


def _take_opened(
    connection: duckdb.DuckDBPyConnection, stamp: FileStamp, reading: str, settings: ReadSettings
) -> OpenedFile:
    opened = _opened.pop((stamp, reading), None)
    if opened is not None:
        return opened
    _require_unchanged(stamp)
    path = Path(stamp.path)
    kind = kind_of(path)
    if kind is None:
        raise ValueError(f"{path} was registered, but is of no kind that can be read")
    return open_file(connection, InputFile(path, kind), settings)


def _require_unchanged(stamp: FileStamp) -> None:
    if has_changed(stamp):
        raise UnusableInputError(f"{stamp.path} changed while it was read: build again.")
