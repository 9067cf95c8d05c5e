"""Excel workbooks as sources: looked over first, then read by a child process in bounded memory.

A workbook is a zip archive from a stranger: a few kilobytes can ask a reader for gigabytes, and a
native reader that runs out of memory takes its process with it. So its members are inflated once,
counted and thrown away; and what passes is read by `xlsx_child`, whose memory is limited.
"""

import json
import logging
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import IO

from regulars.errors import UnusableInputError
from regulars.ingest import xlsx_child
from regulars.ingest.columns import resolve_columns
from regulars.ingest.files import InputFile
from regulars.ingest.quoting import quote_path
from regulars.ingest.settings import ReadSettings
from regulars.ingest.source import Part, Source, ValueType, unreadable

MAX_MEMBERS = 1_000
"""Files inside a workbook; a usual one has about ten, and a few for each sheet."""
MAX_UNCOMPRESSED_BYTES = 4 << 30
"""All members inflated; UCI's workbook has 0.4 GB for its million rows."""
MAX_SHEET_CELLS = 32_000_000
"""Largest row times largest column of a sheet (26 columns at least): 26 columns of Excel's
1,048,576 rows are within it."""
CHILD_MEMORY_BYTES = 4 << 30
"""Address space of the child process; UCI's workbook takes about a third of a gigabyte."""
CHILD_SECONDS = 1_800
"""Time after which the child process is ended; UCI's workbook takes about half a minute."""

_CHUNK_BYTES = 1 << 20
_OVERLAP_BYTES = 64
"""Longer than anything that is searched for, so that no match is cut by the end of a chunk."""
_COLUMNS_OF_ONE_LETTER = 26
_FORBIDDEN = (
    (re.compile(r"(^|/)vbaProject\.bin$", re.IGNORECASE), "has macros"),
    (re.compile(r"(^|/)externalLinks/", re.IGNORECASE), "refers to other workbooks"),
    (re.compile(r"\.(zip|xls[xmb]?|doc[xm]|ppt[xm])$", re.IGNORECASE), "has an archive inside"),
)
_SHEET = re.compile(r"(^|/)worksheets/[^/]+\.xml$", re.IGNORECASE)
_DOCTYPE = b"<!DOCTYPE"
_ROW = re.compile(rb"row\s(?:[^>]{0,40}?\s)?r=[\"']([0-9]{1,9})[\"']")
_FAR_CELL = re.compile(rb"r=[\"'](?:([A-Z]{2,3})([0-9]{1,9})|[A-Z]([0-9]{7,9}))[\"']")
"""References that say more than `_ROW` does: a column past Z, or a row past 999,999."""
_IMPOSSIBLE_CELL = re.compile(rb"r=[\"'](?:[A-Z]{4}|[A-Z]{0,3}[0-9]{10})")
"""References to columns or rows that no sheet has, on which readers run for minutes."""
_ZIP_MAGIC = b"PK\x03\x04"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"

_logger = logging.getLogger("regulars.ingest")


def open_workbook(file: InputFile, settings: ReadSettings, work: Path) -> list[Source]:
    """Read every sheet of a workbook into a temporary file.

    A cell keeps its own type, so that a number is a number whatever `decimal_separator` says, and
    a real date needs no `date_format`. Sheets without any cell are passed over; a row without any
    is no row, but keeps its number, so that row numbers agree with Excel's (less the header).

    Args:
        file: The workbook.
        settings: The mapping of columns.
        work: An empty folder for the temporary files.

    Returns:
        A temporary source for each sheet, in the workbook's order.

    Raises:
        UnusableInputError: The file is no workbook, is not safe to read, takes too much memory,
            or a sheet lacks a column.
    """
    sources = []
    for sheet in read_sheets(file.path, work):
        label = f"{file.path.name}#{sheet['name']}"
        positions = resolve_columns(
            sheet["header"], settings.column_mapping, source=f"{file.path}#{sheet['name']}"
        )
        _logger.info("%s: %d rows", label, sheet["row_count"])
        sources.append(
            Source(
                label=label,
                scan=f"read_parquet({quote_path(work / sheet['file'])})",
                row_number=xlsx_child.ROW_NUMBER,
                columns={ours: _parts(at) for ours, at in positions.items()},
                is_temporary=True,
                row_count=sheet["row_count"],
            )
        )
    return sources


def read_sheets(path: Path, work: Path) -> list[dict]:
    """Check a workbook and write each sheet that has cells as Parquet, as `xlsx_child` describes.

    Args:
        path: The workbook.
        work: An empty folder for the Parquet files.

    Returns:
        What `xlsx_child.read_workbook` returns.

    Raises:
        UnusableInputError: The workbook is damaged, not safe to read, or takes too much memory.
    """
    check_workbook(path)
    return _read_in_child(path, work)


def check_workbook(path: Path) -> None:
    """Refuse a workbook that is damaged, hostile or larger than can be read.

    Inflates every member once, in chunks, and counts what really comes out rather than trusting
    the sizes that the archive states.

    Args:
        path: The workbook.

    Raises:
        UnusableInputError: Names the workbook and the fault.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(len(_OLE_MAGIC)) == _OLE_MAGIC:
                raise UnusableInputError(
                    f"{path} is protected by a password or an old .xls workbook. "
                    "Save it as an unprotected .xlsx."
                )
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise unreadable(str(path), "an Excel workbook", error) from error
    except RuntimeError as error:  # what zipfile raises for an encrypted member
        raise unreadable(str(path), "an Excel workbook", error) from error


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise _refused(path, f"has {len(members):,} files inside, more than {MAX_MEMBERS:,}")
    for member in members:
        for pattern, fault in _FORBIDDEN:
            if pattern.search(member.filename):
                raise _refused(path, f"{fault} ({member.filename})")
    if not any(_SHEET.search(member.filename) for member in members):
        raise unreadable(str(path), "an Excel workbook", ValueError("it has no worksheets"))
    budget = MAX_UNCOMPRESSED_BYTES
    for member in members:
        with archive.open(member) as stream:
            budget = _check_member(path, member.filename, stream, budget)


def _check_member(path: Path, name: str, stream: IO[bytes], budget: int) -> int:
    is_sheet = _SHEET.search(name) is not None
    is_xml = name.lower().endswith((".xml", ".rels", ".vml"))
    width = _COLUMNS_OF_ONE_LETTER
    height = 0
    tail = b""
    while chunk := stream.read(_CHUNK_BYTES):
        if not tail and chunk.startswith(_ZIP_MAGIC):
            raise _refused(path, f"has an archive inside ({name})")
        budget -= len(chunk)
        if budget < 0:
            raise _refused(path, f"inflates to more than {MAX_UNCOMPRESSED_BYTES >> 30} GB")
        window = tail + chunk
        tail = window[-_OVERLAP_BYTES:]
        if is_xml and _DOCTYPE in window:
            raise _refused(path, f"declares entities of its own ({name})")
        if not is_sheet:
            continue
        if _IMPOSSIBLE_CELL.search(window):
            raise _refused(path, f"refers to cells that no sheet has ({name})")
        rows = _ROW.findall(window)
        if rows:
            height = max(height, max(map(int, rows)))
        for letters, row, far_row in _FAR_CELL.findall(window):
            width = max(width, _column_number(letters))
            height = max(height, int(row or far_row))
        if width * height > MAX_SHEET_CELLS:
            raise _refused(
                path,
                f"spans {height:,} rows and up to {width:,} columns in {name}, more than "
                f"{MAX_SHEET_CELLS:,} cells; delete what lies outside the data, or save as CSV",
            )
    return budget


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _refused(path: Path, fault: str) -> UnusableInputError:
    return UnusableInputError(
        f"{path} is not read: the workbook {fault}. Copy the data into a plain .xlsx or CSV."
    )


def _read_in_child(path: Path, work: Path) -> list[dict]:
    # By its path and not as a module: the child then imports neither this package nor DuckDB.
    command = [sys.executable, "-P", xlsx_child.__file__, path, work, CHILD_MEMORY_BYTES]
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _refused(path, f"takes more than {CHILD_SECONDS // 60} minutes to read") from error
    if done.returncode == 0:
        return json.loads((work / xlsx_child.MANIFEST).read_text(encoding="utf-8"))
    if done.returncode == xlsx_child.EXIT_UNREADABLE:
        raise unreadable(str(path), "an Excel workbook", ValueError(done.stderr))
    _logger.debug("the child process ended with %d: %s", done.returncode, done.stderr)
    raise _refused(
        path,
        f"could not be read within {CHILD_MEMORY_BYTES >> 30} GB of memory "
        f"(the reader ended with code {done.returncode})",
    )


def _parts(at: int) -> tuple[Part, ...]:
    return (
        Part(f"text_{at}", ValueType.TEXT),
        Part(f"number_{at}", ValueType.FLOAT),
        Part(f"time_{at}", ValueType.TIMESTAMP),
    )
