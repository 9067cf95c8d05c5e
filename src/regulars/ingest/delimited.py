"""CSV files as sources: encoding, delimiter, header, and rows that can't be split into fields.

DuckDB reads a sound UTF-8 file where it lies. It can't read Windows-1252 without an extension and
stops at the first ragged row; such files are rewritten to a temporary one, streamed.
"""

import codecs
import csv
import gzip
import io
import itertools
import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import UnusableInputError
from regulars.ingest.columns import count_recognised, resolve_columns
from regulars.ingest.files import InputFile
from regulars.ingest.quoting import quote_literal, quote_path
from regulars.ingest.settings import ReadSettings
from regulars.ingest.source import Part, Source, ValueType, unreadable

UTF_8 = "utf-8"
WINDOWS_1252 = "cp1252"
DELIMITERS = (",", ";", "\t", "|")

_CHUNK_BYTES = 1 << 20
_HEADER_CHARACTERS = 1 << 20
"""A header that is longer than this is none."""
_RECORD_LINES = 100
"""Physical lines that a quoted field may span when a damaged file is rewritten."""
_BATCH_ROWS = 50_000
_OTHER_ENCODINGS = {
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
    b"PK\x03\x04": "a zip archive or Excel workbook",
    b"PAR1": "Parquet",
    b"\x1f\x8b": "gzip-compressed (name it .csv.gz)",
}

_logger = logging.getLogger("regulars.ingest")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        encoding: `UTF_8` or `WINDOWS_1252`.
        delimiter: One of `DELIMITERS`.
        header: The column names, as written.
        blank_lines: Blank lines above the header.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    blank_lines: int


def read_dialect(file: InputFile, settings: ReadSettings) -> Dialect | None:
    """Find out how a CSV file is written, reading all of it once for its encoding.

    Args:
        file: The file.
        settings: The mapping, by which a header is recognised.

    Returns:
        The dialect; None for an empty file.

    Raises:
        UnusableInputError: The file is no text in UTF-8 or Windows-1252, or can't be read.
    """
    try:
        encoding = _encoding(file)
        with open_text(file, encoding) as text:
            head = text.read(_HEADER_CHARACTERS)
    except (OSError, EOFError, zlib.error) as error:
        raise unreadable(str(file.path), "gzip" if file.is_gzipped else "CSV", error) from error
    lines = enumerate(io.StringIO(head, newline=""))
    blank_lines = next((at for at, line in lines if line.strip()), None)
    if blank_lines is None:
        return None
    choices = [(delimiter, _header(head, delimiter, str(file.path))) for delimiter in DELIMITERS]
    delimiter, header = max(
        choices,
        key=lambda choice: (count_recognised(choice[1], settings.column_mapping), len(choice[1])),
    )
    _logger.info("%s: encoding %s, delimiter %r", file.path, encoding, delimiter)
    return Dialect(encoding, delimiter, tuple(header), blank_lines)


def open_csv(file: InputFile, dialect: Dialect, settings: ReadSettings, work: Path) -> Source:
    """Describe a CSV file to DuckDB, which stops at the first row that is not sound.

    Args:
        file: The file.
        dialect: How it is written.
        settings: The mapping of columns.
        work: An empty folder for a re-encoded copy.

    Returns:
        The source; temporary if it had to be re-encoded.

    Raises:
        UnusableInputError: A column is missing.
    """
    positions = resolve_columns(dialect.header, settings.column_mapping, source=str(file.path))
    is_copied = dialect.encoding != UTF_8
    path = _reencoded(file, dialect.encoding, work / "utf8.csv") if is_copied else file.path
    is_gzipped = file.is_gzipped and not is_copied
    names = ", ".join(f"c{at}: 'VARCHAR'" for at in range(len(dialect.header)))
    scan = (
        f"read_csv({quote_path(path)}, auto_detect = false, header = true, "
        f"skip = {dialect.blank_lines}, delim = {quote_literal(dialect.delimiter)}, "
        f"""quote = '"', escape = '"', strict_mode = true, """
        f"compression = '{'gzip' if is_gzipped else 'none'}', "
        f"hive_partitioning = false, columns = {{{names}}})"
    )
    return Source(
        label=file.path.name,
        scan=scan,
        # A window without order streams over the scan, which keeps the file's order.
        row_number="row_number() over ()",
        columns=_columns(positions),
        is_temporary=is_copied,
    )


def rewrite_csv(file: InputFile, dialect: Dialect, settings: ReadSettings, work: Path) -> Source:
    """Rewrite a CSV file in which some rows can't be split into the header's fields.

    Such a row is kept as its raw line. Where a quote is never closed, only the line it begins in
    is given up: reading resumes at the next line.

    Args:
        file: The file.
        dialect: How it is written.
        settings: The mapping of columns.
        work: An empty folder for the rewritten file.

    Returns:
        A temporary source with a row for every record of the file.
    """
    positions = resolve_columns(dialect.header, settings.column_mapping, source=str(file.path))
    path = work / "rewritten.parquet"
    width = len(dialect.header)
    schema = pa.schema(
        [(f"c{at}", pa.string()) for at in range(width)] + [("raw_line", pa.string())]
    )
    row_count = 0
    damaged_count = 0
    with open_text(file, dialect.encoding) as text, pq.ParquetWriter(path, schema) as writer:
        records = split_records(text, dialect.delimiter, width)
        next(records, None)  # the header
        while batch := list(itertools.islice(records, _BATCH_ROWS)):
            row_count += len(batch)
            damaged_count += sum(raw is not None for _, raw in batch)
            empty: Sequence[None] = (None,) * width
            columns = zip(*((*(fields or empty), raw) for fields, raw in batch), strict=True)
            writer.write_batch(
                pa.record_batch(
                    [pa.array(column, pa.string()) for column in columns], schema=schema
                )
            )
    _logger.warning(
        "%s: %d of %d rows can't be split into %d fields and are set aside as unparseable_row",
        file.path,
        damaged_count,
        row_count,
        width,
    )
    return Source(
        label=file.path.name,
        scan=f"read_parquet({quote_path(path)}, file_row_number = true)",
        row_number="file_row_number + 1",
        columns=_columns(positions),
        raw_line="raw_line",
        is_temporary=True,
        row_count=row_count,
    )


def split_records(
    lines: Iterator[str], delimiter: str, width: int
) -> Iterator[tuple[list[str] | None, str | None]]:
    """Split text into records, giving up as few lines as possible.

    Args:
        lines: Physical lines with their ends.
        delimiter: Between fields.
        width: Fields of a sound record; surplus fields are let go if they are empty.

    Yields:
        The fields and None, or None and the raw line. Blank lines are skipped.
    """
    pending: list[str] = []
    while True:
        line = pending.pop(0) if pending else next(lines, None)
        if line is None:
            return
        raw = line.rstrip("\r\n")
        if not raw.strip(" "):
            continue
        if '"' not in raw:
            fields: list[str] | None = raw.split(delimiter)
        else:
            held = [line]
            fields = _parsed(held, delimiter)
            while fields is None and len(held) < _RECORD_LINES:
                more = pending.pop(0) if pending else next(lines, None)
                if more is None:
                    break
                held.append(more)
                fields = _parsed(held, delimiter)
            if not _fits(fields, width):
                pending = held[1:] + pending
        yield (fields[:width], None) if fields and _fits(fields, width) else (None, raw)


def _parsed(lines: Sequence[str], delimiter: str) -> list[str] | None:
    """The fields; an empty list if the record is malformed; None if a quote is still open."""
    try:
        return next(csv.reader(iter(lines), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None if "unexpected end of data" in str(error) else []


def _fits(fields: Sequence[str] | None, width: int) -> bool:
    return fields is not None and len(fields) >= width and not any(fields[width:])


def _columns(positions: dict[str, int]) -> dict[str, tuple[Part, ...]]:
    return {ours: (Part(f"c{at}", ValueType.TEXT),) for ours, at in positions.items()}


def _open_bytes(file: InputFile) -> IO[bytes]:
    return gzip.open(file.path) if file.is_gzipped else file.path.open("rb")


def open_text(file: InputFile, encoding: str) -> io.TextIOWrapper:
    """Open a CSV file as text; the caller closes it."""
    name = "utf-8-sig" if encoding == UTF_8 else encoding
    return io.TextIOWrapper(_open_bytes(file), encoding=name, newline="")


def _encoding(file: InputFile) -> str:
    """UTF-8 if the whole file is, else Windows-1252 if the whole file is."""
    for encoding in (UTF_8, WINDOWS_1252):
        if _is_encoded(file, encoding):
            return encoding
    raise UnusableInputError(
        f"{file.path} is neither UTF-8 nor Windows-1252. Save it as CSV UTF-8."
    )


def _is_encoded(file: InputFile, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with _open_bytes(file) as stream:
        _refuse_binary(stream.read(_CHUNK_BYTES), file)
        stream.seek(0)
        while chunk := stream.read(_CHUNK_BYTES):
            if b"\0" in chunk:
                raise UnusableInputError(
                    f"{file.path} is no CSV text: it has NUL characters. Save it as CSV UTF-8."
                )
            if chunk.isascii() and not decoder.getstate()[0]:
                continue  # nothing to decode, which is most of most files
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_binary(start: bytes, file: InputFile) -> None:
    for magic, kind in _OTHER_ENCODINGS.items():
        if start.startswith(magic):
            raise UnusableInputError(
                f"{file.path} is named as CSV but is {kind}. "
                f"Give it the extension of what it is, or save it as CSV UTF-8."
            )


def _header(head: str, delimiter: str, source: str) -> list[str]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        return next(row for row in reader if any(field.strip() for field in row))
    except csv.Error as error:
        raise unreadable(source, "CSV", error) from error
    except StopIteration:
        return []


def _reencoded(file: InputFile, encoding: str, target: Path) -> Path:
    with open_text(file, encoding) as text, target.open("w", encoding=UTF_8, newline="") as copy:
        while chunk := text.read(_CHUNK_BYTES):
            copy.write(chunk)
    return target
