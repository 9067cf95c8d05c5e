"""The child process that reads a workbook: `python xlsx_child.py <workbook> <folder> <bytes>`.

Writes one Parquet file for each sheet that has cells, and a manifest. A column of the sheet becomes
three, `text_<n>`, `number_<n>` and `time_<n>`, of which at most one has a value in a row. Imports
nothing of the package, so that little besides the workbook is in memory.
"""

import datetime as dt
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

MANIFEST = "sheets.json"
ROW_NUMBER = "row_number"
EXIT_UNREADABLE = 3
"""The file is no workbook that can be read; the reason is on standard error."""

_BATCH_ROWS = 20_000


def limit_memory(byte_count: int) -> None:
    """Limit the address space of this process, where the system can.

    Args:
        byte_count: The limit in bytes.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (byte_count, byte_count))


def read_workbook(path: Path, folder: Path) -> list[dict]:
    """Write each sheet of a workbook as Parquet.

    Args:
        path: The workbook.
        folder: Where the Parquet files go.

    Returns:
        For each sheet that has cells, in the workbook's order: `name`, `file` (its Parquet file's
        name), `header` (the texts of its first row that has any) and `row_count`.

    Raises:
        CalamineError: The file is no workbook that can be read.
    """
    import python_calamine

    sheets = []
    with python_calamine.CalamineWorkbook.from_path(str(path)) as workbook:
        if not workbook.sheets_metadata:
            raise python_calamine.CalamineError("it lists no sheets")
        for number, about in enumerate(workbook.sheets_metadata):
            if about.typ == python_calamine.SheetTypeEnum.WorkSheet:
                rows = workbook.get_sheet_by_index(number).iter_rows()
                file = f"sheet_{number}.parquet"
                header, row_count = write_sheet(rows, folder / file)
                del rows  # a sheet is in memory as a whole: let go of it before the next
                if header:
                    sheets.append(
                        {"name": about.name, "file": file, "header": header, "row_count": row_count}
                    )
    return sheets


def write_sheet(rows: Iterator[Sequence[object]], target: Path) -> tuple[list[str], int]:
    """Write the rows of a sheet as Parquet, a batch at a time.

    Args:
        rows: All rows of the sheet, equally long; a cell without a value is an empty text.
        target: The file; not written if no row has cells.

    Returns:
        The texts of the header, which is the first row that has cells (none: an empty list), and
        how many of the rows below it have cells and were written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    header = next((row for row in rows if _has_cells(row)), None)
    if header is None:
        return [], 0
    schema = pa.schema(
        [(ROW_NUMBER, pa.int64())]
        + [
            field
            for at in range(len(header))
            for field in (
                (f"text_{at}", pa.string()),
                (f"number_{at}", pa.float64()),
                (f"time_{at}", pa.timestamp("us")),
            )
        ]
    )
    row_count = 0
    numbered = ((at, row) for at, row in enumerate(rows, start=1) if _has_cells(row))
    with pq.ParquetWriter(target, schema) as writer:
        while batch := list(itertools.islice(numbered, _BATCH_ROWS)):
            row_count += len(batch)
            columns: list[Sequence[object]] = [[at for at, _ in batch]]
            for cells in zip(*(row for _, row in batch), strict=True):
                columns += _split_by_type(cells)
            arrays = [
                pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return [_as_text(cell) or "" for cell in header], row_count


def _has_cells(row: Sequence[object]) -> bool:
    # any() settles nearly every row at once; zero and FALSE are cells too.
    return any(row) or any(cell != "" for cell in row)


def _split_by_type(cells: Sequence[object]) -> tuple[Sequence[object], ...]:
    """The cells' texts, numbers and times, each with None where a cell is of another type."""
    kinds = set(map(type, cells))
    none = (None,) * len(cells)
    texts = numbers = times = none
    if kinds - {float, int, dt.datetime, dt.date}:
        others = (float, int, dt.datetime, dt.date)
        if kinds.isdisjoint({*others, bool, dt.time, dt.timedelta}):
            texts = [cell or None for cell in cells]
        else:
            texts = [None if type(cell) in others else _as_text(cell) for cell in cells]
    if float in kinds or int in kinds:
        numbers = [float(cell) if type(cell) in (float, int) else None for cell in cells]
    if dt.datetime in kinds or dt.date in kinds:
        times = [_as_time(cell) for cell in cells]
    return texts, numbers, times


def _as_time(cell: object) -> dt.datetime | None:
    kind = type(cell)
    if kind is dt.datetime:
        return cell
    # Midnight comes as a date.
    return dt.datetime(cell.year, cell.month, cell.day) if kind is dt.date else None


def _as_text(cell: object) -> str | None:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return str(cell) if cell is not None and cell != "" else None


def main(arguments: Sequence[str]) -> int:
    """Read the workbook that the arguments name.

    Args:
        arguments: The workbook, the folder to write to, the memory limit in bytes.

    Returns:
        The process's exit code.
    """
    path, folder, byte_count = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    limit_memory(byte_count)
    import python_calamine

    try:
        sheets = read_workbook(path, folder)
    except python_calamine.CalamineError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_UNREADABLE
    (folder / MANIFEST).write_text(json.dumps(sheets), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
