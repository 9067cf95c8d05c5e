"""Many at once: readers, uploaders, and publications that take the database's place under them."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import HEAVY, Build
from tests.web.conftest import CLASSIFY, SALES, Live, run_apart, running

READERS = 20
UPLOADERS = 4
PUBLICATIONS = 5
SECONDS = 60 if os.environ.get(HEAVY) else 8
P95_SECONDS = 0.150
# what the server may keep of a minute's work: answers that it remembers, and a copy that is still read
KEPT_BYTES = 150 << 20
PATHS = (
    "/api/v1/customers?limit=50&sort=monetary&descending=true",
    "/api/v1/customers?segment=Champions&minimum_frequency=3",
    "/api/v1/segments",
    "/api/v1/clusters",
    "/api/v1/metrics/models",
    "/explore",
    "/explore?segment=At+Risk&sort=clv_90d",
)


@pytest.fixture
def database(sample: Build, tmp_path: Path) -> Path:
    """A published copy of the test's own."""
    path = tmp_path / "shop.duckdb"
    shutil.copy(sample.database, path)
    return path


async def _work(
    live: Live, customer_ids: list[str], seconds: float
) -> tuple[list[float], list[int], list[str]]:
    """Read and upload side by side; seconds of readings, statuses of uploads, and what went wrong."""
    latencies: list[float] = []
    uploads: list[int] = []
    faults: list[str] = []
    end = time.monotonic() + seconds

    async def read(client: httpx.AsyncClient, number: int) -> None:
        # a list, then a customer of it whom nobody has looked at before
        stories = [f"/api/v1/customers/{one}" for one in customer_ids[number::READERS]]
        lists = itertools.cycle(PATHS[number % len(PATHS) :] + PATHS[: number % len(PATHS)])
        paths = itertools.cycle(itertools.chain.from_iterable(zip(lists, stories, strict=False)))
        while time.monotonic() < end:
            path = next(paths)
            started = time.monotonic()
            response = await client.get(path)
            latencies.append(time.monotonic() - started)
            if response.status_code != 200:
                faults.append(f"{path}: {response.status_code} {response.text[:200]}")
            elif path == PATHS[0] and response.json()["total"] != len(customer_ids):
                faults.append(f"{path}: {response.json()['total']} customers")
            await asyncio.sleep(0.2)  # nobody reads without looking

    async def upload(client: httpx.AsyncClient) -> None:
        while time.monotonic() < end:
            response = await client.post(CLASSIFY, files={"file": ("sales.csv", SALES.encode())})
            uploads.append(response.status_code)
            if response.status_code not in (200, 429):
                faults.append(f"upload: {response.status_code} {response.text[:200]}")
            await asyncio.sleep(float(response.headers.get("retry-after", 0)) / 10)

    limits = httpx.Limits(max_connections=READERS + UPLOADERS)
    async with httpx.AsyncClient(base_url=live.url, timeout=60, limits=limits) as client:
        await asyncio.gather(
            *(read(client, number) for number in range(READERS)),
            *(upload(client) for _ in range(UPLOADERS)),
        )
    return latencies, uploads, faults


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_readers_and_uploaders_go_on_while_the_database_is_replaced(
    sample: Build, database: Path, tmp_path: Path
) -> None:
    customer_ids = [one for (one,) in sample.query("select customer_id from customers order by 1")]
    published: list[float] = []

    script = (
        "import os; from pathlib import Path; from regulars.warehouse import publish; os.nice(10); "
        f"publish(Path({str(sample.warehouse)!r}), Path({str(database)!r}))"
    )

    def republish() -> None:
        for _ in range(PUBLICATIONS):
            time.sleep(SECONDS / (PUBLICATIONS + 1) / 2)
            subprocess.run([sys.executable, "-c", script], check=True)
            published.append(time.monotonic())

    with running(database, tmp_path / "log", results="5") as live:
        run_apart(_work(live, customer_ids, 3))  # warm: caches are full, the fork server is there
        before = _resident_bytes(live.process.pid)
        publisher = threading.Thread(target=republish)
        publisher.start()
        latencies, uploads, faults = run_apart(_work(live, customer_ids, SECONDS))
        publisher.join()
        answers = {httpx.get(f"{live.url}/api/v1/version").json()["publish_id"] for _ in range(3)}
        time.sleep(1)
        after = _resident_bytes(live.process.pid)
    assert faults == []
    assert len(published) == PUBLICATIONS
    assert len(answers) == 1
    assert uploads.count(200) > 0
    assert len(latencies) > READERS
    assert after - before < KEPT_BYTES
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "Error" not in log
    p95 = statistics.quantiles(latencies, n=20)[-1]
    print(  # noqa: T201 - shown by pytest -s
        f"{len(latencies)} readings, median {statistics.median(latencies):.3f} s, p95 {p95:.3f} s; "
        f"{uploads.count(200)} uploads, {uploads.count(429)} told to come again; "
        f"{(after - before) / 2**20:+.0f} MB"
    )
    if os.environ.get(HEAVY):
        assert p95 <= P95_SECONDS


def test_a_database_that_is_missing_or_damaged_is_told_until_it_is_there(
    sample: Build, tmp_path: Path
) -> None:
    path = tmp_path / "later.duckdb"
    with running(path, tmp_path / "log") as live:
        for content in (None, b"not a database", sample.database.read_bytes()[:100_000]):
            if content:
                path.write_bytes(content)
            response = httpx.get(f"{live.url}/api/v1/customers")
            assert response.status_code == 503
            assert response.json()["type"] == "urn:regulars:problem:not-built"
            assert str(tmp_path) not in response.text
            assert httpx.get(f"{live.url}/explore").status_code == 503
            assert httpx.get(f"{live.url}/api/v1/health").status_code == 200
        shutil.copy(sample.database, tmp_path / "new")
        (tmp_path / "new").replace(path)
        assert httpx.get(f"{live.url}/api/v1/ready").status_code == 200
        path.unlink()
        assert httpx.get(f"{live.url}/api/v1/ready").status_code == 503


def test_interrupted_it_ends_at_once_and_leaves_nothing(sample: Build, tmp_path: Path) -> None:
    with running(sample.database, tmp_path / "log") as live:
        with httpx.Client(base_url=live.url) as client:
            client.post(CLASSIFY, files={"file": ("sales.csv", SALES.encode())})
        folders = list(Path("/tmp").glob(f"regulars-serve-{live.process.pid}-*"))
        assert len(folders) == 1
    assert live.process.returncode in (0, 130)
    assert not folders[0].exists()
