"""Hostile files never give a 500, a hang, a written file or a path."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import SALES, Serve, send
from tests.web.hostile import files

SECONDS = 40
CASES = [pytest.param(name, id=name) for name, _, _ in files()]


@pytest.fixture(scope="module")
def hostile() -> dict[str, tuple[bytes, set[int]]]:
    return {
        name: (content() if callable(content) else content, statuses)
        for name, content, statuses in files()
    }


@pytest.fixture(scope="module")
def server(serve: Serve) -> TestClient:
    """A server whose limits are those of a small machine."""
    return serve(upload_seconds=SECONDS, upload_bytes=16 << 20)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_or_harmless(
    server: TestClient, hostile: dict[str, tuple[bytes, set[int]]], name: str
) -> None:
    content, statuses = hostile[name]
    before = _files_about()
    started = time.monotonic()
    response = send(server, content, name="../../../etc/passwd.csv")
    elapsed = time.monotonic() - started
    assert response.status_code in statuses, response.text[:500]
    assert elapsed < SECONDS
    assert "/tmp" not in response.text
    assert "site-packages" not in response.text
    assert len(response.text) < 100_000
    document = response.json()
    if response.status_code == 200:
        server.delete(f"/api/v1/classifications/{document['upload_id']}")
    else:
        assert document["detail"]
    assert _files_about() == before
    assert not Path("/tmp/regulars_escaped").exists()


def test_after_all_of_them_an_honest_file_is_classified(server: TestClient) -> None:
    assert send(server, SALES).json()["total"] == 3


@pytest.mark.parametrize("name", ["scripts in cells", "formulas in cells", "SQL in cells"])
def test_what_looks_like_code_stays_text(
    server: TestClient, hostile: dict[str, tuple[bytes, set[int]]], name: str
) -> None:
    content, _ = hostile[name]
    customer_id = send(server, content).json()["items"][0]["customer_id"]
    assert customer_id in content.decode()
    text = send(server, content, headers={"accept": "text/csv"}).text
    cell = text.splitlines()[1].split(",")[0].strip('"')
    assert not cell.startswith(("=", "+", "-", "@"))
    assert customer_id.lstrip("=") in cell


def _files_about() -> set[str]:
    """What lies in the private folders of servers, and in the current folder."""
    folders = Path(tempfile.gettempdir()).glob(f"regulars-serve-{os.getpid()}-*")
    inside = {str(path) for folder in folders for path in folder.rglob("*")}
    return inside | {str(path) for path in Path.cwd().iterdir()}


def test_the_list_of_hostile_files_names_each_once() -> None:
    names = [name for name, _, _ in files()]
    assert len(set(names)) == len(names) >= 60
