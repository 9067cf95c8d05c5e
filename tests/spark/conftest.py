"""The sample shop, built on Spark and on DuckDB; without pyspark there is nothing to test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.conftest import REAL_DATA, ROOT
from tests.spark.rows import unequal_tables

pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")

# Finished builds to compare instead of new ones: the folder of a Spark warehouse, the file of a DuckDB one.
SPARK_BUILD, DUCKDB_BUILD = "REGULARS_SPARK_BUILD", "REGULARS_DUCKDB_BUILD"
# The same of the real data.
REAL_SPARK_BUILD, REAL_DUCKDB_BUILD = "REGULARS_REAL_SPARK_BUILD", "REGULARS_REAL_DUCKDB_BUILD"


@dataclass(frozen=True)
class Builds:
    """Where the tables of both are."""

    spark: Path
    duckdb: Path

    def unequal_on_spark(self) -> dict[str, list[str]]:
        """The tables that differ, with what differs."""
        with self.attached() as connection:
            return unequal_tables(
                connection,
                lambda schema, table: (
                    f"read_parquet('{self.spark}/tables/{schema}.db/{table}/*.parquet')"
                ),
            )

    @contextmanager
    def attached(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with DuckDB's tables as `shop`."""
        with duckdb.connect(config={"memory_limit": "4GB"}) as connection:
            connection.execute(f"attach '{self.duckdb}' as shop (read_only)")
            yield connection


def run_dbt(*arguments: str, folder: Path, **environment: str) -> str:
    """Run dbt with its files in a folder and return what it prints; it must succeed."""
    places = ["--profiles-dir", ".", "--target-path", str(folder / "target")]
    finished = subprocess.run(
        [Path(sys.executable).with_name("dbt"), *arguments, *places,
         "--log-path", str(folder / "logs"), "--no-use-colors"],
        cwd=ROOT,
        env=os.environ | {"DO_NOT_TRACK": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-2000:]
    return finished.stdout


def build_both(folder: Path, variables: str = "{}") -> Builds:
    """Build all on Spark with the tests of its data, and the tables on DuckDB."""
    built = Builds(folder / "spark", folder / "shop_warehouse.duckdb")
    run_dbt(
        "build", "--exclude-resource-type", "unit_test", "--target", "spark", "--vars", variables,
        folder=folder, REGULARS_SPARK_WAREHOUSE=str(built.spark),
    )  # fmt: skip
    run_dbt(
        "build", "--exclude-resource-type", "unit_test", "test", "--vars", variables,
        folder=folder, REGULARS_WAREHOUSE=str(built.duckdb),
    )  # fmt: skip
    return built


def finished_builds(spark: str, duckdb_file: str) -> Builds | None:
    """The builds that two environment variables name, if both are set."""
    if spark in os.environ and duckdb_file in os.environ:
        return Builds(Path(os.environ[spark]), Path(os.environ[duckdb_file]))
    return None


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The sample shop on both."""
    return finished_builds(SPARK_BUILD, DUCKDB_BUILD) or build_both(
        tmp_path_factory.mktemp("builds")
    )


@pytest.fixture(scope="session")
def real_builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The real data on both."""
    variables = f'{{"transactions_path": "{os.environ[REAL_DATA]}"}}'
    return finished_builds(REAL_SPARK_BUILD, REAL_DUCKDB_BUILD) or build_both(
        tmp_path_factory.mktemp("real_builds"), variables
    )
