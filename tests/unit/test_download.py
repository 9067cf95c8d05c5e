from __future__ import annotations

import hashlib
import io
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from regulars.download import WORKBOOK, DownloadError, fetch_workbook

CONTENT = b"a workbook of two sheets " * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def archive(name: str = WORKBOOK) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr(name, CONTENT)
    return buffer.getvalue()


class Server(ThreadingHTTPServer):
    """Serves one archive; breaks off after `breaks_after` bytes of the first answer if asked to."""

    body = b""
    breaks_after: int | None = None
    knows_ranges = True
    ranges: list[str | None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/data.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        start = (
            int(re.match(r"bytes=(\d+)-", wanted)[1]) if wanted and self.server.knows_ranges else 0
        )
        if start >= len(self.server.body):
            self.send_error(416 if start else 404)
            return
        rest = self.server.body[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: self.server.breaks_after])
        self.server.breaks_after = None

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server(("127.0.0.1", 0), Handler)
    opened.body = archive()
    opened.ranges = []
    thread = threading.Thread(target=opened.serve_forever, daemon=True)
    thread.start()
    yield opened
    opened.shutdown()
    opened.server_close()


def test_the_workbook_is_fetched_and_checked(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = fetch_workbook(
        tmp_path / "data",
        url=server.url,
        sha256=SHA256,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert path.read_bytes() == CONTENT
    assert [file.name for file in path.parent.iterdir()] == [WORKBOOK]
    assert seen[-1] == (len(server.body), len(server.body))


def test_a_broken_download_is_resumed(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 300_000
    with pytest.raises(DownloadError, match="resume"):
        fetch_workbook(tmp_path, url=server.url, sha256=SHA256)
    part = tmp_path / f"{WORKBOOK}.zip.part"
    assert part.stat().st_size == 300_000
    assert fetch_workbook(tmp_path, url=server.url, sha256=SHA256).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=300000-"]
    assert not part.exists()


def test_a_server_without_ranges_starts_anew(server: Server, tmp_path: Path) -> None:
    server.knows_ranges = False
    (tmp_path / f"{WORKBOOK}.zip.part").write_bytes(b"x" * 1000)
    assert fetch_workbook(tmp_path, url=server.url, sha256=SHA256).read_bytes() == CONTENT


def test_a_workbook_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch_workbook(tmp_path, url=server.url, sha256=SHA256)
    fetch_workbook(tmp_path, url=server.url, sha256=SHA256)
    assert len(server.ranges) == 1


def test_another_workbook_than_expected_is_not_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="SHA-256"):
        fetch_workbook(tmp_path, url=server.url, sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_the_workbook_is_named(server: Server, tmp_path: Path) -> None:
    server.body = archive("other.xlsx")
    with pytest.raises(DownloadError, match=WORKBOOK):
        fetch_workbook(tmp_path, url=server.url, sha256=SHA256)
    server.body = b"<html>not found</html>"
    with pytest.raises(DownloadError, match="no zip archive"):
        fetch_workbook(tmp_path, url=server.url, sha256=SHA256)


def test_a_missing_page_is_named(server: Server, tmp_path: Path) -> None:
    server.body = b""
    with pytest.raises(DownloadError, match="404"):
        fetch_workbook(tmp_path, url=server.url, sha256=SHA256)


def test_nobody_answering_is_named(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be read"):
        fetch_workbook(tmp_path, url="http://127.0.0.1:9/data.zip", sha256=SHA256)
