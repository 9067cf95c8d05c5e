"""What a file is by its content, whatever its name says."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

from regulars.errors import TooLargeError, UnusableInputError

_HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 20
_ZIP, _PARQUET, _GZIP = b"PK\x03\x04", b"PAR1", b"\x1f\x8b"
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0",
        "an old or password-protected Office file; save it as an unprotected .xlsx",
    ),
    (b"\xff\xfe", "UTF-16 text; save it as CSV UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as CSV UTF-8"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format", "a database"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<svg", b"<script")


class UnsupportedContentError(UnusableInputError):
    """The content is none that Regulars reads."""


def suffix_of(path: Path) -> str:
    """The suffix that the file's content deserves.

    Args:
        path: The file.

    Returns:
        One of .csv, .csv.gz, .parquet and .xlsx.

    Raises:
        UnsupportedContentError: It is something else.
        UnusableInputError: It is empty.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.strip():
        raise UnusableInputError("The file is empty.")
    if head.startswith(_ZIP):
        return _workbook_suffix(path)
    if head.startswith(_PARQUET):
        return ".parquet"
    if head.startswith(_GZIP):
        return ".csv.gz"
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise _unsupported(what)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_MARKUP):
        raise _unsupported("a page of HTML or XML")
    if b"\0" in head:
        raise _unsupported("no text: it has NUL characters")
    return ".csv"


def check_inflated(path: Path, limit: int) -> None:
    """Inflate a gzip file once, count what comes out, and throw it away.

    Args:
        path: A .csv.gz file.
        limit: Most bytes that may come out.

    Raises:
        TooLargeError: More comes out.
        UnusableInputError: It is damaged.
    """
    inflated = 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                inflated += len(chunk)
                if inflated > limit:
                    megabytes = f"{limit / (1 << 20):,.0f} MB"
                    raise TooLargeError(
                        f"The file inflates to more than {megabytes}.", limit=megabytes
                    )
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableInputError("The gzip file is damaged or cut off.") from error


def _workbook_suffix(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnusableInputError("The workbook or zip archive is damaged or cut off.") from error
    if any(name.startswith("xl/") for name in names):
        return ".xlsx"
    raise _unsupported("a zip archive that is no Excel workbook")


def _unsupported(what: str) -> UnsupportedContentError:
    return UnsupportedContentError(
        f"The file is {what}. CSV (also gzip-compressed), Excel (.xlsx) and Parquet can be read."
    )
