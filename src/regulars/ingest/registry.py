"""The registry of input files: what is known of each, and what its rows are called.

A row of the registry is a table of the input: a file, or one sheet of a workbook. Its `file_key`
names its rows: it is made of everything that they depend on, so that equal keys mean equal rows and
a file whose key is stored already need not be read.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regulars.ingest.dates import DateReading, NumericForm, TextDates
from regulars.ingest.settings import ReadSettings

REGISTRY_SCHEMA = pa.schema(
    [
        pa.field("source_file_number", pa.int32(), nullable=False),
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("file_key", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("byte_count", pa.int64(), nullable=False),
        pa.field("modified_ns", pa.int64(), nullable=False),
        pa.field("is_settled", pa.bool_(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
        pa.field("reading", pa.string(), nullable=False),
        pa.field("row_count", pa.int64(), nullable=False),
        pa.field("text_dates", pa.string(), nullable=False),
    ]
)
"""Columns of the registry, as `RegisteredSource` describes them."""

SETTLED_NS = 2_000_000_000
"""A file must be this much older than the look at it: clocks of file systems tick in steps of up to
two seconds (FAT), within which another change would leave the time as it is."""

_CHUNK_BYTES = 1 << 20
_TYPED_DATES = "typed"
_ONLY_ISO_DATES = "iso"


@dataclass(frozen=True)
class FileStamp:
    """What the file system and the content say of a file.

    Attributes:
        path: Absolute path.
        byte_count: Size in bytes.
        modified_ns: Time of the last change, nanoseconds since 1970.
        is_settled: Whether a later change would have another time.
        sha256: Of the content, hexadecimal.
    """

    path: str
    byte_count: int
    modified_ns: int
    is_settled: bool
    sha256: str


@dataclass(frozen=True)
class RegisteredSource:
    """A table of the input.

    Attributes:
        stamp: Of its file.
        part: Number of the table within the file, from 1.
        label: What `source_file` says.
        reading: `reading_fingerprint` that it was looked at with.
        dates: Its row count, and what its text dates look like.
        has_text_dates: Whether dates are text at all.
    """

    stamp: FileStamp
    part: int
    label: str
    reading: str
    dates: TextDates
    has_text_dates: bool


def stamp_file(path: Path, known: FileStamp | None) -> FileStamp:
    """Say what a file is, without opening it where its size and time leave no doubt.

    Args:
        path: Absolute path.
        known: What it was when last looked at.

    Returns:
        What it is now; equal to `known` if nothing changed.
    """
    status = path.stat()
    if (
        known is not None
        and known.is_settled
        and (known.byte_count, known.modified_ns) == (status.st_size, status.st_mtime_ns)
    ):
        return known
    now = time.time_ns()
    return FileStamp(
        path=str(path),
        byte_count=status.st_size,
        modified_ns=status.st_mtime_ns,
        is_settled=now - status.st_mtime_ns >= SETTLED_NS,
        sha256=_sha256(path),
    )


def has_changed(stamp: FileStamp) -> bool:
    """Whether size or time of a file differ from its stamp."""
    try:
        status = Path(stamp.path).stat()
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) != (stamp.byte_count, stamp.modified_ns)


def reading_fingerprint(settings: ReadSettings) -> str:
    """A hash of all that decides, besides the file, what is read from it: settings and code."""
    written = json.dumps(asdict(settings) | {"code": _code_fingerprint()}, sort_keys=True)
    return hashlib.md5(written.encode(), usedforsecurity=False).hexdigest()


def file_keys(sources: Sequence[RegisteredSource], reading: DateReading) -> list[str]:
    """Name the rows of each source by all that they depend on.

    Args:
        sources: In the order of the input.
        reading: How text dates are read, which the input decides as a whole.

    Returns:
        A key for each source. Sources that are equal in everything are told apart by their order.
    """
    keys = []
    seen = Counter[str]()
    for source in sources:
        what = [
            source.label,
            source.stamp.sha256,
            source.part,
            source.reading,
            _relevant(source, reading),
        ]
        identity = json.dumps(what)
        seen[identity] += 1
        written = f"{identity} {seen[identity]}"
        keys.append(hashlib.md5(written.encode(), usedforsecurity=False).hexdigest())
    return keys


def registry_table(sources: Sequence[RegisteredSource], keys: Sequence[str]) -> pa.Table:
    """Write sources as a table of `REGISTRY_SCHEMA`.

    Args:
        sources: In the order of the input.
        keys: As `file_keys` makes them.
    """
    rows = [
        {
            "source_file_number": number,
            "source_file": source.label,
            "file_key": key,
            "part": source.part,
            **asdict(source.stamp),
            "reading": source.reading,
            "row_count": source.dates.row_count,
            "text_dates": _written(source.dates) if source.has_text_dates else _TYPED_DATES,
        }
        for number, (source, key) in enumerate(zip(sources, keys, strict=True), start=1)
    ]
    return pa.Table.from_pylist(rows, REGISTRY_SCHEMA)


def read_registry(table: pa.Table) -> dict[str, list[RegisteredSource]]:
    """Read back what `registry_table` wrote.

    Args:
        table: With the columns of `REGISTRY_SCHEMA`.

    Returns:
        Path → its sources, in their order.
    """
    found: dict[str, list[RegisteredSource]] = {}
    for row in sorted(table.to_pylist(), key=lambda row: row["source_file_number"]):
        found.setdefault(row["path"], []).append(_source(row))
    return found


def with_stamp(source: RegisteredSource, stamp: FileStamp) -> RegisteredSource:
    """The source of a file whose time changed and whose content did not."""
    return replace(source, stamp=stamp)


def _source(row: Mapping[str, Any]) -> RegisteredSource:
    has_text_dates = row["text_dates"] != _TYPED_DATES
    return RegisteredSource(
        stamp=FileStamp(
            row["path"], row["byte_count"], row["modified_ns"], row["is_settled"], row["sha256"]
        ),
        part=row["part"],
        label=row["source_file"],
        reading=row["reading"],
        dates=_read(row["text_dates"]) if has_text_dates else TextDates(row["row_count"]),
        has_text_dates=has_text_dates,
    )


def _relevant(source: RegisteredSource, reading: DateReading) -> str:
    """What of the common reading the rows of a source depend on."""
    if not source.has_text_dates:
        return _TYPED_DATES
    dates = source.dates
    is_only_iso = not (dates.forms or dates.has_offset or dates.has_padding or dates.has_others)
    if is_only_iso and reading.reads_iso:
        # sound ISO dates come out the same whatever else is looked for
        return _ONLY_ISO_DATES
    return repr(reading)


def _written(dates: TextDates) -> str:
    forms = sorted(astuple(form) for form in dates.forms)
    return json.dumps(asdict(dates) | {"forms": forms})


def _read(text: str) -> TextDates:
    values = json.loads(text)
    values["forms"] = {NumericForm(*form) for form in values["forms"]}
    for name in ("day_first_example", "month_first_example", "ambiguous_example"):
        values[name] = None if values[name] is None else tuple(values[name])
    return TextDates(**values)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


@functools.cache
def _code_fingerprint() -> str:
    """A hash of the modules that read files, and of the engine's version."""
    digest = hashlib.md5(duckdb.__version__.encode(), usedforsecurity=False)
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.name.encode() + module.read_bytes())
    return digest.hexdigest()
