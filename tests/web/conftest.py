"""The application on the sample build, in this process, as a client of the API sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import httpx
import pytest
from starlette.testclient import TestClient

from regulars.web.app import create_app
from regulars.web.settings import ServerSettings
from tests.conftest import REGULARS, ROOT, Build

BASE = "http://127.0.0.1"
HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
# three customers, one of whom sends a mug back
SALES = HEADER + (
    "489434,85048,GLASS BALL,12,2024-12-01 07:45,6.95,13085,United Kingdom\n"
    "489435,22423,CAKE STAND,2,2024-12-05 09:10,12.75,13078,United Kingdom\n"
    "489436,85048,GLASS BALL,4,2024-12-13 11:00,6.95,13085,United Kingdom\n"
    "C489437,85048,GLASS BALL,-1,2024-12-15 10:00,6.95,13085,United Kingdom\n"
    "489438,21754,HOME SIGN,1,2024-12-16 11:30,5.95,15362,France\n"
)
CLASSIFY = "/api/v1/classify_customers"
Serve = Callable[..., TestClient]
Result = TypeVar("Result")


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Run in a thread with an event loop of its own: that of browser tests runs in this one until the session ends."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def serve(sample: Build) -> Iterator[Serve]:
    """Start the application with settings of its own; it ends with the session."""
    with ExitStack() as stack:

        def start(*, raises: bool = True, **settings: object) -> TestClient:
            chosen = ServerSettings(**{"database": sample.database} | settings)
            app = create_app(chosen)
            return stack.enter_context(
                TestClient(app, base_url=BASE, raise_server_exceptions=raises)
            )

        yield start


@pytest.fixture(scope="session")
def client(serve: Serve) -> TestClient:
    """The application with its default settings."""
    return serve()


@dataclass(frozen=True)
class Live:
    """`regulars serve` in a process of its own."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def running(database: Path, log: Path, **environment: str) -> Iterator[Live]:
    """Start the command, wait until it answers, and interrupt it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [REGULARS, "serve", "--db", database, "--port", str(port)]
    settings = {f"REGULARS_SERVE_{name.upper()}": value for name, value in environment.items()}
    with log.open("wb") as target:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stderr=target)
    live = Live(f"http://127.0.0.1:{port}", process)
    try:
        for _ in range(200):
            if process.poll() is not None:
                raise RuntimeError(log.read_text(encoding="utf-8"))
            try:
                httpx.get(f"{live.url}/api/v1/ready", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield live
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(20)


@pytest.fixture(scope="session")
def live(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The command on the sample build."""
    with running(sample.database, tmp_path_factory.mktemp("live") / "log") as started:
        yield started


@pytest.fixture(scope="session")
def sample_rows(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's rows as one CSV file; those of the second file that the first has are set aside by the build."""
    path = tmp_path_factory.mktemp("rows") / "sales.csv"
    with duckdb.connect(str(sample.warehouse), read_only=True) as warehouse:
        warehouse.execute(
            f"""
            copy (
                select invoice as "Invoice", stock_code as "StockCode", description as "Description",
                    quantity as "Quantity", invoice_date as "InvoiceDate", price as "Price",
                    customer_id as "Customer ID", country as "Country"
                from main_input.py_raw_transactions as rows
                where source_file_number * 10000000000 + source_row_number not in (
                    select line_id from main_intermediate.int_transactions_classified
                    where disposition = 'overlap'
                )
                order by rows.source_file_number, rows.source_row_number
            ) to '{path}'
            """
        )
    return path


def send(client: TestClient, content: bytes | str, name: str = "sales.csv", **given: object):
    """Upload a file to the API."""
    data = content.encode() if isinstance(content, str) else content
    return client.post(CLASSIFY, files={"file": (name, data)}, **given)
