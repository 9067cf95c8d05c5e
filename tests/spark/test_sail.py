"""The same project on Sail: quick, without Java; what it refuses or reads otherwise is listed in docs/spark.md."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import ROOT
from tests.spark.conftest import DUCKDB_BUILD, run_dbt
from tests.spark.rows import unequal_tables

pytestmark = pytest.mark.sail
pytest.importorskip("pysail", reason="pysail is not installed: make test-sail")

PAGE = (ROOT / "docs/spark.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server of its own: its address, and the folder that it writes its tables to."""
    folder = tmp_path_factory.mktemp("sail")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("sail"), "spark", "server", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"sc://127.0.0.1:{port}", folder / "spark-warehouse"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample shop on DuckDB."""
    if DUCKDB_BUILD in os.environ:
        return Path(os.environ[DUCKDB_BUILD])
    folder = tmp_path_factory.mktemp("shop")
    run_dbt(
        "build", "--exclude-resource-type", "unit_test", "test",
        folder=folder, REGULARS_WAREHOUSE=str(folder / "shop_warehouse.duckdb"),
    )  # fmt: skip
    return folder / "shop_warehouse.duckdb"


def test_sail_builds_all_and_differs_only_where_the_page_says(
    server: tuple[str, Path], shop: Path, tmp_path: Path
) -> None:
    address, warehouse = server
    run_dbt(
        "build", "--exclude-resource-type", "unit_test", "test", "--target", "sail",
        folder=tmp_path, REGULARS_SAIL=address,
    )  # fmt: skip
    # Sail writes the tables of all schemas side by side, each in a folder of its name and a UUID
    folders = {folder.name[:-37]: folder for folder in warehouse.iterdir()}
    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        connection.execute(f"attach '{shop}' as shop (read_only)")
        unequal = unequal_tables(
            connection,
            lambda _schema, table: f"read_parquet('{folders.get(table, 'none')}/*.parquet')",
        )
    documented = set(re.findall(r"`(\w+)`", PAGE.split("## Sail")[1]))
    new = {name: lines for name, lines in unequal.items() if name.split(".")[1] not in documented}
    assert not new, "\n".join(f"{table}: {lines}" for table, lines in new.items())
