"""Files of the pages that are made of the package's: what charts are drawn with, and the styles shared with the report.

Their names tell their content apart, so browsers keep them for good.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from regulars.charts.assets import drawing_script, theme_style, vega_bundle, vega_licence
from regulars.charts.draw import VEGA_LITE
from regulars.web.problems import Problem

FOLDER = "/static/charts"
SCRIPT = "text/javascript; charset=utf-8"
STYLE = "text/css; charset=utf-8"
_HASH_CHARACTERS = 16

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asset:
    """A file under a name of its own.

    Attributes:
        name: Without the hash.
        media_type: Of the content.
        told_by: What the hash is of: the content, or the versions that it is made by.
        make: Makes the content.
    """

    name: str
    media_type: str
    told_by: str
    make: Callable[[], str]
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _made: list[tuple[bytes, bytes]] = field(default_factory=list, repr=False)

    @property
    def file(self) -> str:
        """The name with the hash."""
        stem, ending = self.name.rsplit(".", 1)
        digest = hashlib.sha256(self.told_by.encode()).hexdigest()[:_HASH_CHARACTERS]
        return f"{stem}.{digest}.{ending}"

    def content(self) -> tuple[bytes, bytes]:
        """The content, plain and compressed; made once."""
        with self._lock:
            if not self._made:
                plain = self.make().encode()
                self._made.append((plain, gzip.compress(plain, mtime=0)))
            return self._made[0]


def _vega() -> str:
    return f"/*\n{vega_licence()}*/\n{vega_bundle()}"


@cache
def assets() -> Mapping[str, Asset]:
    """All of them, by name."""
    versions = f"{version('regulars')} {version('vl-convert-python')} {VEGA_LITE} {vega_licence()}"
    found = [
        Asset("theme.css", STYLE, theme_style(), theme_style),
        Asset("draw.js", SCRIPT, drawing_script(), drawing_script),
        Asset("vega.js", SCRIPT, versions, _vega),
    ]
    return {asset.name: asset for asset in found}


def address(name: str) -> str:
    """Where a page finds a file."""
    return f"{FOLDER}/{assets()[name].file}"


def warm_up() -> None:
    """Make what takes seconds before the first page asks for it."""
    threading.Thread(target=assets()["vega.js"].content, daemon=True, name="assets").start()


@router.get(FOLDER + "/{file}")
def asset(
    file: Annotated[str, Path(max_length=100)], accept_encoding: Annotated[str, Header()] = ""
) -> Response:
    """Hand out a file, to be kept for good.

    Raises:
        Problem: There is none of that name and hash (404).
    """
    found = next((one for one in assets().values() if one.file == file), None)
    if found is None:
        raise Problem(404, "no-file", "There is no such file.")
    plain, compressed = found.content()
    is_compressed = "gzip" in accept_encoding
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "vary": "Accept-Encoding",
        **({"content-encoding": "gzip"} if is_compressed else {}),
    }
    content = compressed if is_compressed else plain
    return Response(content, media_type=found.media_type, headers=headers)
