"""Shared builds: each is made once per run, through the command line, as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
REGULARS = Path(sys.executable).with_name("regulars")
REAL_DATA = "REGULARS_REAL_DATA"
HEAVY = "REGULARS_HEAVY"
# for builds that are about neither segmentations nor predictions: few numbers of clusters, one resample,
# one origin, which is too few for the full recipe
QUICK = {"cluster_evaluated_counts": [2, 3], "cluster_bootstraps": 1, "prediction_origins": 1}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs the real data where there is none, and heavy tests unless they are asked for."""
    for marker, variable in (("realdata", REAL_DATA), ("heavy", HEAVY)):
        if os.environ.get(variable):
            continue
        skip = pytest.mark.skip(reason=f"{variable} is not set")
        for item in items:
            if marker in item.keywords:
                item.add_marker(skip)


@dataclass(frozen=True)
class Build:
    """A finished build: the published database, warehouse and exported files beside it, and the printed summary."""

    database: Path
    summary: dict[str, Any]

    @property
    def outputs(self) -> Path:
        return self.database.with_name("outputs")

    @property
    def warehouse(self) -> Path:
        return self.database.with_name(f"{self.database.stem}_warehouse.duckdb")

    def copied_warehouse(self, directory: Path) -> Path:
        """A copy to write to; of the same name, since views name the file that they were made in."""
        return Path(shutil.copy(self.warehouse, directory / self.warehouse.name))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL on the published database."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def query_warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL on the warehouse, where staging and intermediate models are."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def run_regulars(
    *arguments: str | Path, target: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line with dbt's own files, and exported ones, out of the checkout."""
    return subprocess.run(
        [REGULARS, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ
        | {
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target / "logs"),
            "DO_NOT_TRACK": "1",
            "REGULARS_OUTPUTS": str(target / "outputs"),
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def run_dbt(
    *arguments: str | Path, warehouse: Path, target: Path
) -> subprocess.CompletedProcess[str]:
    """Run dbt itself on a warehouse, with its files out of the checkout; it must succeed."""
    places = ["--profiles-dir", ".", "--target-path", target, "--log-path", target]
    finished = subprocess.run(
        [REGULARS.with_name("dbt"), *arguments, *places, "--no-use-colors"],
        cwd=ROOT,
        env=os.environ | {"REGULARS_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Build]:
    """Build from `data` (default: the sample shop) with dbt vars as keywords, anew or on top of a database."""

    def run(data: Path | None = None, *, database: Path | None = None, **variables: Any) -> Build:
        directory = tmp_path_factory.mktemp("build")
        database = database or directory / "shop.duckdb"
        arguments = [
            "build",
            "--db",
            database,
            "--out",
            database.with_name("outputs"),
            "--no-report",
            "--json",
            "--quiet",
            "--vars",
            json.dumps(variables),
        ]
        if data:
            arguments += ["--data", data]
        finished = run_regulars(*arguments, target=directory / "target")
        assert finished.returncode == 0, finished.stderr
        return Build(database, json.loads(finished.stdout))

    return run


@pytest.fixture(scope="session")
def shared_build(
    build: Callable[..., Build], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Build]:
    """Build as `build` does, under a name: once per run, whichever of its processes asks first."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in one for all
        folder = folder.parent

    def run(name: str, *arguments: Path, **variables: Any) -> Build:
        kept = folder / f"build_{name}.json"
        with FileLock(kept.with_suffix(".lock")):
            if not kept.exists():
                made = build(*arguments, **variables)
                kept.write_text(json.dumps([str(made.database), made.summary]), encoding="utf-8")
        database, summary = json.loads(kept.read_text(encoding="utf-8"))
        return Build(Path(database), summary)

    return run


@pytest.fixture(scope="session")
def sample(shared_build: Callable[..., Build]) -> Build:
    """The build of the embedded sample."""
    return shared_build("sample")


# an origin of the sample's own predictions, and settings by which fourteen months suffice for the full recipe
PAST = "2024-03-30"
PAST_SETTINGS = QUICK | {
    "prediction_origins": 8,
    "prediction_recipe_labelled_days": 270,
    "prediction_bootstraps": 20,
}


@pytest.fixture(scope="session")
def past(shared_build: Callable[..., Build]) -> Build:
    """The sample as it was looked at from an earlier date."""
    return shared_build("past", as_of_date=PAST, **PAST_SETTINGS)


@pytest.fixture(scope="session")
def small_shop(shared_build: Callable[..., Build]) -> Build:
    """A shop too young for any model."""
    return shared_build("small_shop", sample_customers=200, sample_months=3)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with UCI Online Retail II."""
    return Path(os.environ[REAL_DATA])


@pytest.fixture(scope="session")
def real(shared_build: Callable[..., Build], real_data: Path) -> Build:
    """The default build of the real data, with features for earlier dates too."""
    months = ["2010-12-01", *(f"2011-{month:02d}-01" for month in range(1, 13))]
    return shared_build(
        "real", real_data, feature_as_of_dates=["2011-06-12", "2011-09-10", *months]
    )


@pytest.fixture(scope="session")
def published_vars() -> dict[str, Any]:
    """The parity preset."""
    return yaml.safe_load((ROOT / "tests/parity/published_vars.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def parity(
    shared_build: Callable[..., Build], real_data: Path, published_vars: dict[str, Any]
) -> Build:
    """The build of the real data under the parity preset."""
    return shared_build("parity", real_data, **published_vars | QUICK)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB in memory."""
    with duckdb.connect() as opened:
        yield opened
