"""Each limit of the server, and each way in which a file can be of no use."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import signal
import stat
import tempfile
import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from regulars.web.guards import Guard
from regulars.web.pages import respond
from regulars.web.settings import ServerSettings
from tests.web.conftest import CLASSIFY, HEADER, SALES, Serve, run_apart, send
from tests.web.hostile import sales_rows, workbook


@pytest.fixture(scope="module")
def small(serve: Serve) -> TestClient:
    """A server that takes little."""
    return serve(upload_bytes=200_000, upload_rows=1_000, uploads=1)


def problem(response, status: int, kind: str) -> dict:
    """The problem document of a response, checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["type"] == f"urn:regulars:problem:{kind}"
    return document


def test_a_body_that_says_it_is_too_large_is_refused_unread(small: TestClient) -> None:
    document = problem(send(small, SALES + "x" * 300_000), 413, "too-large")
    assert document["limit"] == "0.190735 MB"


async def _call(settings: ServerSettings, pieces: list[bytes], pause: float = 0.0):
    """Send a chunked body, which says nothing of its size, through the guard to an app that reads it all."""
    answers, read = [], 0

    async def app(_scope, receive, send):
        nonlocal read
        while True:
            message = await receive()
            read += len(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    waiting = list(pieces)

    async def receive():
        await asyncio.sleep(pause)
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def answer(message):
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": CLASSIFY,
        "headers": [(b"host", b"localhost:8000")],
    }
    await Guard(app, settings, respond)(scope, receive, answer)
    return answers[0]["status"], json.loads(answers[1].get("body") or b"{}"), read


def test_a_chunked_body_is_counted_as_it_comes() -> None:
    settings = ServerSettings(upload_bytes=10_000)
    status, document, read = run_apart(_call(settings, [b"x" * 1_000] * 30))
    assert (status, document["type"]) == (413, "urn:regulars:problem:too-large")
    assert read == 10_000
    assert run_apart(_call(settings, [b"x" * 1_000] * 10))[0] == 200


def test_a_body_that_trickles_is_given_up() -> None:
    settings = ServerSettings(upload_seconds=1)
    status, document, _ = run_apart(_call(settings, [b"x"] * 50, pause=0.1))
    assert (status, document["type"]) == (408, "urn:regulars:problem:too-slow")


def test_too_many_rows_are_refused(small: TestClient) -> None:
    row = SALES.splitlines()[1] + "\n"
    document = problem(send(small, HEADER + row * 1_001), 413, "too-large")
    assert document["limit"] == "1,000 rows"
    assert send(small, HEADER + row * 1_000).status_code == 200


def test_a_file_that_takes_too_long_is_ended_with_all_its_processes(
    serve: Serve, sample_rows: Path
) -> None:
    hasty = serve(upload_seconds=1)
    started = time.monotonic()
    document = problem(send(hasty, sample_rows.read_bytes()), 408, "too-slow")
    assert time.monotonic() - started < 10
    assert document["limit"] == "1 seconds"
    assert _children_at_work() == 0


def test_a_file_that_needs_too_much_memory_is_refused(serve: Serve, sample_rows: Path) -> None:
    poor = serve(upload_memory="30MB", upload_spill="1MB")
    document = problem(send(poor, sample_rows.read_bytes()), 413, "too-large")
    assert "memory" in document["limit"]
    poorer = serve(upload_address_bytes=1 << 29)
    assert send(poorer, sample_rows.read_bytes()).status_code in (413, 422)


def test_more_uploads_than_allowed_are_told_when_to_come_again(
    serve: Serve, sample_rows: Path
) -> None:
    busy = serve(uploads=1)
    answers = []
    content = sample_rows.read_bytes()
    threads = [
        threading.Thread(target=lambda: answers.append(send(busy, content))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(response.status_code for response in answers)
    assert statuses[0] == 200
    assert 429 in statuses
    refused = next(response for response in answers if response.status_code == 429)
    document = problem(refused, 429, "busy")
    assert refused.headers["retry-after"] == str(document["retry_after"])
    assert send(busy, SALES).status_code == 200


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sales.csv", b"%PDF-1.7"),
        ("sales.xlsx", b"\x89PNG\r\n\x1a\n"),
        ("sales.csv", SALES.encode("utf-16")),
    ],
)
def test_the_content_decides_what_a_file_is_not_its_name(
    client: TestClient, name: str, content: bytes
) -> None:
    problem(send(client, content, name=name), 415, "unsupported-content")


def test_a_workbook_named_as_csv_is_read_as_a_workbook(client: TestClient) -> None:
    page = send(client, workbook(sales_rows()), name="sales.csv").json()
    assert page["total"] == 3


def test_missing_columns_are_named_with_what_was_found(client: TestClient) -> None:
    document = problem(send(client, "Invoice,Amount\n1,2\n"), 422, "missing-columns")
    assert document["columns_found"] == ["Invoice", "Amount"]
    assert "quantity" in document["columns_missing"]
    assert "country" not in document["columns_missing"]


def test_an_encoding_that_cannot_be_read_is_told(client: TestClient) -> None:
    document = problem(send(client, SALES.encode() + b"\x81\x8d"), 422, "unusable-input")
    assert "neither UTF-8 nor Windows-1252" in document["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "part"),
    [
        ("", "unusable-input", "empty"),
        (HEADER, "unusable-input", "no data rows"),
    ],
)
def test_an_empty_file_is_told(client: TestClient, content: str, kind: str, part: str) -> None:
    assert part in problem(send(client, content), 422, kind)["detail"]


def test_a_file_of_cancellations_is_told_with_the_rule_counts(client: TestClient) -> None:
    rows = "C1,A,MUG,-1,2024-01-01,2.5,7,France\n2,POST,POSTAGE,1,2024-01-02,5,7,France\n"
    document = problem(send(client, HEADER + rows), 422, "no-usable-rows")
    assert document["rule_counts"] == {"non_product": 1, "return": 1}


def test_text_in_a_quantity_sets_the_row_aside_and_says_so(client: TestClient) -> None:
    page = send(client, SALES + "489439,A,MUG,two,2024-12-16,2.5,7,France\n").json()
    rules = {rule["disposition"]: rule for rule in page["rows_by_rule"]}
    assert rules["unparseable_quantity"]["row_count"] == 1
    assert rules["unparseable_quantity"]["outcome"] == "set aside"


def test_a_folder_of_an_upload_is_private_and_is_deleted(serve: Serve) -> None:
    server = serve()
    uploads = server.app.state.uploads
    assert stat.S_IMODE(uploads.folder.stat().st_mode) == 0o700
    page = send(server, SALES).json()
    folder = uploads.folder / page["upload_id"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in folder.iterdir())
    server.delete(f"/api/v1/classifications/{page['upload_id']}")
    assert not folder.exists()
    streamed = send(server, SALES, headers={"accept": "text/csv"})
    assert streamed.status_code == 200
    refused = send(server, "Invoice\n1\n")
    assert refused.status_code == 422
    assert list(uploads.folder.iterdir()) == []


def test_results_are_deleted_when_nobody_looks(serve: Serve) -> None:
    server = serve(result_minutes=1)
    uploads = server.app.state.uploads
    page = send(server, SALES).json()
    path = f"/api/v1/classifications/{page['upload_id']}"
    assert server.get(path).status_code == 200
    upload = uploads.find(page["upload_id"])
    upload.seen_at -= 61
    problem(server.get(path), 404, "no-upload")
    assert not upload.folder.exists()


def test_the_oldest_results_go_when_there_are_too_many(serve: Serve) -> None:
    server = serve(results=2)
    ids = [send(server, SALES).json()["upload_id"] for _ in range(4)]
    statuses = [server.get(f"/api/v1/classifications/{one}").status_code for one in ids]
    assert statuses[0] == 404
    assert statuses[-1] == 200


def test_what_a_killed_server_left_is_swept_by_the_next(serve: Serve) -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    left = Path(tempfile.gettempdir()) / f"regulars-serve-{process}-left"
    left.mkdir(mode=0o700)
    (left / "upload.csv").write_text(SALES, encoding="utf-8")
    serve()
    assert not left.exists()


def test_gzip_may_inflate_so_far_only(serve: Serve) -> None:
    server = serve(upload_bytes=100_000)
    packed = gzip.compress(SALES.encode() + b"1,2\n" * 1_000_000)
    assert len(packed) < 100_000
    problem(send(server, packed), 413, "too-large")


def test_a_request_that_is_no_upload_is_told(client: TestClient) -> None:
    problem(client.post(CLASSIFY), 422, "invalid-request")
    problem(client.post(CLASSIFY, data={"file": "text"}), 422, "invalid-request")
    broken = client.post(
        CLASSIFY,
        content=b"--x\r\nnothing",
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert broken.status_code in (400, 422)
    many = {f"file{n}": (f"{n}.csv", io.BytesIO(b"x")) for n in range(1_100)}
    assert client.post(CLASSIFY, files=many).status_code in (400, 422)


def _children_at_work() -> int:
    """Upload processes that are alive: their command lines are those of the fork server's children."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        leaders = [
            pid
            for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
            if _is_niced(pid) and _is_ours(pid)
        ]
        if not leaders:
            return 0
        time.sleep(0.1)
    for pid in leaders:
        os.kill(pid, signal.SIGKILL)
    return len(leaders)


def _is_niced(pid: int) -> bool:
    try:
        return os.getpriority(os.PRIO_PROCESS, pid) == 10
    except OSError:
        return False


def _is_ours(pid: int) -> bool:
    try:
        return b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
