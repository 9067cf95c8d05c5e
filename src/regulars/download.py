"""Fetch UCI's Online Retail II: over HTTPS, resumed where it broke off, and checked."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from regulars.errors import RegularsError

URL = "https://archive.ics.uci.edu/static/public/502/online%2Bretail%2Bii.zip"
WORKBOOK = "online_retail_II.xlsx"
WORKBOOK_SHA256 = "bcbe73b35f5b7babf197fb0cb983a11f5d9ff929078d4aa53d171b1f2df2e980"
ATTRIBUTION = (
    "Chen, D. (2012). Online Retail II [Dataset]. UCI Machine Learning Repository. "
    "https://doi.org/10.24432/C5CG6D (CC BY 4.0)"
)

_CHUNK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 60
_RANGE_NOT_SATISFIABLE = 416
_PARTIAL_CONTENT = 206


class DownloadError(RegularsError):
    """The file could not be fetched, or is not the one expected."""


def fetch_workbook(
    directory: Path,
    *,
    url: str = URL,
    sha256: str = WORKBOOK_SHA256,
    on_progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Path:
    """Download the archive, take the workbook out of it and check it.

    Args:
        directory: Where the workbook goes; made if missing.
        url: Address of the zip archive.
        sha256: Expected SHA-256 of the workbook, in hexadecimal.
        on_progress: Called with the bytes on disk and the total (None if unknown) after each piece.

    Returns:
        Path of the checked workbook. One that is there already and checks out is kept.

    Raises:
        DownloadError: If the address does not answer, or the content is not the expected workbook.
            A partial download stays beside the target and is resumed by the next call.
    """
    directory.mkdir(parents=True, exist_ok=True)
    workbook = directory / WORKBOOK
    if workbook.exists() and _sha256(workbook) == sha256:
        return workbook
    archive = directory / f"{WORKBOOK}.zip.part"
    _fetch(url, archive, on_progress)
    temporary = directory / f".{WORKBOOK}.tmp"
    try:
        _extract(archive, temporary, url)
        found = _sha256(temporary)
        if found != sha256:
            raise DownloadError(
                f"{url} holds another {WORKBOOK} than expected: SHA-256 {found}, expected {sha256}. "
                "Nothing was kept; download it by hand if UCI has published a new version."
            )
        temporary.replace(workbook)
    finally:
        temporary.unlink(missing_ok=True)
        archive.unlink(missing_ok=True)
    return workbook


def _fetch(url: str, part: Path, on_progress: Callable[[int, int | None], None]) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            resumed = response.status == _PARTIAL_CONTENT
            done = done if resumed else 0
            length = response.headers.get("Content-Length")
            total = done + int(length) if length else None
            with part.open("ab" if resumed else "wb") as target:
                while chunk := response.read(_CHUNK_BYTES):
                    target.write(chunk)
                    done += len(chunk)
                    on_progress(done, total)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE:  # the part is complete already
            return
        raise DownloadError(
            f"{url} answered {error.code} {error.reason}. Try again later."
        ) from error
    except OSError as error:
        raise DownloadError(
            f"{url} could not be read: {error}. What has arrived ({done:,} bytes) is kept; run the command again to resume."
        ) from error
    if total is not None and done < total:
        raise DownloadError(
            f"{url} broke off after {done:,} of {total:,} bytes. Run the command again to resume."
        )


def _extract(archive: Path, target: Path, url: str) -> None:
    try:
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(WORKBOOK) as source,
            target.open("wb") as sink,
        ):
            while chunk := source.read(_CHUNK_BYTES):
                sink.write(chunk)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DownloadError(f"{url} is no zip archive with {WORKBOOK} in it: {error}.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
