"""The same project on Sail: quick, without Java; what it refuses or reads otherwise is explained in docs/spark.md."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.spark.conftest import DUCKDB_BUILD, run_dbt
from tests.spark.rows import unequal_tables

pytestmark = pytest.mark.sail
pytest.importorskip("pysail", reason="pysail is not installed: make test-sail")

# Sail sorts no rows before mapInArrow, so that a customer gets a list for each run of rows instead of one list.
UNSORTED = {
    "py_product_recommendations",
    "product_recommendations",
    "customer_360",
    "int_campaign_audiences",
    "campaign_audiences",
}
# Its percentile_cont cuts the place between two values off at a millionth.
CUT_OFF = {"campaign_waves"}


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


def test_sail_builds_all_and_differs_just_where_it_is_known_to(
    server: tuple[str, Path], shop: Path, tmp_path: Path
) -> None:
    address, warehouse = server
    run_dbt(
        "build", "--exclude-resource-type", "unit_test", "test", "--target", "sail",
        folder=tmp_path, REGULARS_SAIL=address,
    )  # fmt: skip
    # Sail writes the tables of all schemas side by side, each in a folder of its name and a UUID
    folders = {folder.name[:-37]: folder for folder in warehouse.iterdir()}

    def rows_of(schema: str, table: str) -> str:
        if table in folders:
            return f"read_parquet('{folders[table]}/*.parquet')"
        return f"(select * from shop.{schema}.{table} limit 0)"  # no rows, no file

    with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
        connection.execute(f"attach '{shop}' as shop (read_only)")
        unequal = unequal_tables(connection, rows_of)
    assert {name.split(".")[1] for name in unequal} == UNSORTED | CUT_OFF, "\n".join(
        f"{table}: {lines}" for table, lines in unequal.items()
    )
