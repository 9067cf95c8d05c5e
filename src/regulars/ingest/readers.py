"""Read the user's transactions, whatever they are stored in, as canonical rows."""

import itertools
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import duckdb
import pyarrow as pa

from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.ingest.casts import canonical_projections, canonical_query
from regulars.ingest.columns import listed, normalised, resolve_columns
from regulars.ingest.dates import TextDates, look_at_dates
from regulars.ingest.files import InputFile, find_files
from regulars.ingest.opening import decide_casting, look, open_file, select_rows
from regulars.ingest.quoting import quote_identifier, quote_literal
from regulars.ingest.settings import ReadSettings, checked_settings
from regulars.ingest.source import Part, Source, unreadable, value_type

_temporary_names = itertools.count(1)
_NAME_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^".\s]+))\s*(?:\.|$)')


def read_transactions(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    *,
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> duckdb.DuckDBPyRelation:
    """Read files of transactions.

    Args:
        connection: Where the relation lives. UTF-8 CSV and Parquet are read when the relation is;
            workbooks, Windows-1252 and damaged CSV are loaded into a temporary table of it.
        paths: Files, folders and globs; see `regulars.ingest.files.find_files`.
        column_mapping: Our column name → the name in the files, where they differ from UCI's.
        date_format: For dates that are text: `auto` (ISO, or day or month first as the whole input
            decides), `iso`, `day_first`, `month_first` (both read ISO too), or a strptime pattern.
        decimal_separator: `.` or `,`, in numbers that are text.
        source_timezone: IANA name; times with an offset become its local time.

    Returns:
        One row for each data row of the files, in their order: `source_file`,
        `source_file_number` and `source_row_number` (both from 1; each sheet of a workbook counts
        as a file), the eight columns of a transaction (`regulars.ingest.columns`), `parse_error`
        and `source_record`. Nothing is dropped: a value that is there but can't be read is NULL,
        and `parse_error` says the first such: `unparseable_date`, `unparseable_quantity` or
        `unparseable_price`; a CSV line that can't be split into the header's fields is an
        `unparseable_row` without values. `source_record` then has the row as read, a JSON object:
        the eight values by our names, or `raw_line`.

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
    files = find_files(paths)
    with ExitStack() as stack:
        opened = []
        for file in files:
            opened.append(open_file(connection, file, settings))
            stack.callback(opened[-1].close)
        sources = [source for file in opened for source, _ in file.sources]
        dates = [seen for file in opened for _, seen in file.sources]
        if not any(seen.row_count for seen in dates):
            raise no_rows_error(files)
        casting = decide_casting(connection, dates, settings)
        queries = [
            select_rows(connection, source, casting, source_file_number=number)
            for number, source in enumerate(sources, start=1)
        ]
    return connection.sql(" union all ".join(queries))


def read_relation(
    connection: duckdb.DuckDBPyConnection,
    relation_name: str,
    *,
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> duckdb.DuckDBPyRelation:
    """Read a table or view of the user's.

    Args:
        connection: Has the table or view.
        relation_name: Its name, with schema and database if need be: `shop.sales`; parts with
            dots or blanks in double quotes.
        column_mapping: As for `read_transactions`.
        date_format: As for `read_transactions`.
        decimal_separator: As for `read_transactions`.
        source_timezone: As for `read_transactions`.

    Returns:
        Canonical rows; `source_file` is the name as given. Rows are numbered as the table stores
        them; a view's rows in the order it yields them, which only its `order by` makes certain.

    Raises:
        UnusableInputError: It does not exist, lacks a column, or has no rows.
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
    scan = _quoted_relation(connection, relation_name)
    try:
        described = connection.sql(f"describe select * from {scan}").fetchall()
    except duckdb.Error as error:
        raise unreadable(f"The relation {relation_name}", "a table", error) from error
    source = _table_source(relation_name, scan, [(row[0], row[1]) for row in described], settings)
    seen = look(connection, source, settings)
    if not seen.row_count:
        raise UnusableInputError(f"The relation {relation_name} has no rows.")
    return connection.sql(
        canonical_query(
            source,
            decide_casting(connection, [seen], settings),
            source_file=quote_literal(relation_name),
            source_file_number="1",
        )
    )


def read_arrow(
    connection: duckdb.DuckDBPyConnection,
    data: pa.Table | pa.RecordBatchReader,
    *,
    source_file: str,
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> duckdb.DuckDBPyRelation:
    """Read Arrow data, for instance of the shop simulator.

    Args:
        connection: Where the relation lives.
        data: A table, or a reader, which can be read once only: its dates must be typed.
            A column `source_file_number`, if there is one, is kept, and rows are then numbered
            within each file.
        source_file: What `source_file` says; `{number}` in it stands for the file's number.
        column_mapping: As for `read_transactions`.
        date_format: As for `read_transactions`.
        decimal_separator: As for `read_transactions`.
        source_timezone: As for `read_transactions`.

    Returns:
        Canonical rows, read from `data` when the relation is read.

    Raises:
        UnusableInputError: A column is missing, a table has no rows, or a reader has text dates.
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
    relation = connection.from_arrow(data)
    columns = [
        (name, str(kind)) for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    source = _table_source("the Arrow data", "", columns, settings)
    if source.text_date is not None:
        if not isinstance(data, pa.Table):
            raise UnusableInputError(
                "A reader is read once only, so its dates can't be text: give a table."
            )
        name = f"regulars_arrow_{next(_temporary_names)}"
        connection.register(name, data)
        try:
            seen = look_at_dates(connection, Source(source.label, name, "", source.columns))
        finally:
            connection.unregister(name)
    else:
        seen = TextDates(row_count=data.num_rows if isinstance(data, pa.Table) else 1)
    if not seen.row_count:
        raise UnusableInputError("The Arrow data have no rows.")
    number = next(
        (quote_identifier(name) for name, _ in columns if normalised(name) == "sourcefilenumber"),
        None,
    )
    text = quote_literal(source_file)
    projections = canonical_projections(
        source,
        decide_casting(connection, [seen], settings),
        source_file=text if number is None else f"replace({text}, '{{number}}', {number}::varchar)",
        source_file_number=number or "1",
    )
    for projection in projections:
        relation = relation.project(projection)
    if number is None:
        return relation
    within = "row_number() over (partition by source_file_number order by source_row_number)"
    return relation.project(
        ", ".join(
            f"{within} as source_row_number" if name == "source_row_number" else name
            for name in relation.columns
        )
    ).order("source_file_number, source_row_number")


def _table_source(
    label: str, scan: str, columns: Sequence[tuple[str, str]], settings: ReadSettings
) -> Source:
    positions = resolve_columns(
        [name for name, _ in columns], settings.column_mapping, source=label
    )
    return Source(
        label=label,
        scan=scan,
        row_number="row_number() over ()",
        columns={
            ours: (Part(quote_identifier(columns[at][0]), value_type(columns[at][1])),)
            for ours, at in positions.items()
        },
    )


def no_rows_error(files: Sequence[InputFile]) -> UnusableInputError:
    """The error for files that hold no data rows at all."""
    return UnusableInputError(
        f"There are no data rows in {listed([str(file.path) for file in files])}."
    )


def require_order(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a connection that would not number rows in file order.

    Raises:
        InvalidSettingError: `preserve_insertion_order` is off.
    """
    query = "select current_setting('preserve_insertion_order')"
    if not connection.sql(query).fetchall()[0][0]:
        raise InvalidSettingError(
            "DuckDB's preserve_insertion_order is off: rows could not be numbered in file order."
        )


def _quoted_relation(connection: duckdb.DuckDBPyConnection, relation_name: str) -> str:
    parts = []
    position = 0
    while position < len(relation_name):
        match = _NAME_PART.match(relation_name, position)
        if match is None:
            parts = []
            break
        parts.append(match[1].replace('""', '"') if match[1] else match[2])
        position = match.end()
    if not 1 <= len(parts) <= 3 or relation_name.rstrip().endswith("."):
        raise UnusableInputError(
            f"'{relation_name}' is no name of a table or view such as shop.sales."
        )
    exists = _table_exists(connection, parts)
    if not exists:
        query = (
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema not in ('information_schema', 'pg_catalog') order by 1 limit 20"
        )
        there = [row[0] for row in connection.sql(query).fetchall()]
        raise UnusableInputError(
            f"There is no table or view {relation_name}. There are: {listed(there)}."
        )
    return ".".join(quote_identifier(part) for part in parts)


def _table_exists(connection: duckdb.DuckDBPyConnection, parts: Sequence[str]) -> bool:
    name = quote_literal(parts[-1])
    query = (
        f"select count(*) from information_schema.tables where lower(table_name) = lower({name})"
    )
    if len(parts) > 1:
        # Two parts are schema.table, or database.table with the database's default schema.
        owner = quote_literal(parts[-2])
        query += (
            f" and (lower(table_schema) = lower({owner}) or lower(table_catalog) = lower({owner}))"
        )
    return connection.sql(query).fetchall()[0][0] > 0
