"""Parquet files as sources."""

import duckdb

from regulars.ingest.columns import normalised, resolve_columns
from regulars.ingest.files import InputFile
from regulars.ingest.quoting import quote_identifier, quote_path
from regulars.ingest.settings import ReadSettings
from regulars.ingest.source import Part, Source, unreadable, value_type

_ROW_NUMBER = "file_row_number"


def open_parquet(
    connection: duckdb.DuckDBPyConnection, file: InputFile, settings: ReadSettings
) -> Source:
    """Describe a Parquet file; its rows stay where they are.

    Args:
        connection: Reads the file's footer.
        file: The file.
        settings: The mapping of columns.

    Returns:
        The source, with its row count.

    Raises:
        UnusableInputError: It is no Parquet file, or lacks a column.
    """
    path = quote_path(file.path)
    scan = f"read_parquet({path}, hive_partitioning = false)"
    try:
        described = connection.sql(f"describe select * from {scan}").fetchall()
        schema = connection.sql(f"select name, num_children from parquet_schema({path})").fetchall()
        row_count = connection.sql(f"select count(*) from {scan}").fetchall()[0][0]
    except duckdb.Error as error:
        raise unreadable(str(file.path), "Parquet", error) from error
    # DuckDB renames columns that differ by case only: match by the file's own names.
    names = _top_level_names(schema)
    positions = resolve_columns(names, settings.column_mapping, source=str(file.path))
    if any(normalised(column[0]) == normalised(_ROW_NUMBER) for column in described):
        row_number = "row_number() over ()"
    else:
        row_number = f"{_ROW_NUMBER} + 1"
        scan = f"read_parquet({path}, hive_partitioning = false, file_row_number = true)"
    columns = {
        ours: (Part(quote_identifier(described[at][0]), value_type(described[at][1])),)
        for ours, at in positions.items()
    }
    return Source(
        label=file.path.name,
        scan=scan,
        row_number=row_number,
        columns=columns,
        row_count=row_count,
    )


def _top_level_names(schema: list[tuple[str, int | None]]) -> list[str]:
    names = []
    nested = 0
    for name, child_count in schema[1:]:  # the first row is the root
        if nested == 0:
            names.append(name)
            nested = child_count or 0
        else:
            nested += (child_count or 0) - 1
    return names
