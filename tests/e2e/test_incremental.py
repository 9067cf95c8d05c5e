"""A refresh gives what a build of the same files from nothing gives: whatever came before, and wherever a run ended."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from regulars.project import run_dbt
from regulars.simulate import ShopSettings, write_parquet
from tests.conftest import ROOT, Build, run_regulars

# in the order in which they run
STEPS = (
    "py_input_files",
    "py_raw_transactions",
    "stg_transactions",
    "int_transactions_classified",
    "int_returns_matched",
    "int_transactions_disposed",
    "order_lines",
    "returns",
    "set_aside_rows",
    "orders",
)
LINES = (
    "main_input.py_raw_transactions",
    "main_intermediate.int_transactions_classified",
    "main_intermediate.int_returns_matched",
    "main.order_lines",
    "main.returns",
    "main.set_aside_rows",
    "main.orders",
)
CUSTOMERS = ("main.customers", "main.customer_features", "main.data_quality_ledger")
COLUMNS = 'Invoice, StockCode, Description, Quantity, InvoiceDate, Price, "Customer ID", Country'


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own, and the folder of the files that it is made from."""

    path: Path
    files: Path

    def run(self, *models: str, is_full_refresh: bool = False, **variables: Any) -> None:
        """Run models; all must succeed."""
        arguments = ["run", "--select", *models]
        with self._on_stage() as stage:
            failures = run_dbt(
                [*arguments, "--full-refresh"] if is_full_refresh else arguments,
                warehouse=stage.path,
                variables={"transactions_path": [str(stage.files)]} | variables,
            )
        assert failures == []

    @contextmanager
    def _on_stage(self) -> Iterator[Warehouse]:
        """Put it where all are run, for dbt parses the project anew when a path differs."""
        folder = Path(os.environ["DBT_TARGET_PATH"], "stage")
        folder.mkdir(exist_ok=True)
        stage = Warehouse(folder / self.path.name, folder / "files")
        self.path.rename(stage.path)
        self.files.rename(stage.files)
        try:
            yield stage
        finally:
            stage.path.rename(self.path)
            stage.files.rename(self.files)

    def fingerprints(self, tables: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Number of rows and a sum of hashes of each table, whatever the order of its rows and columns."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = {}
            for table in tables:
                columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
                row = ", ".join(f'"{column}"' for column in sorted(columns))
                query = f"select count(*), sum(hash(row({row}))::hugeint) from {table}"
                found[table] = connection.execute(query).fetchone()
            return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def copy(self, folder: Path) -> Warehouse:
        """The same warehouse and files in another folder; views name the warehouse, so it keeps its name."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(self.path, folder / self.path.name)
        shutil.copytree(self.files, folder / "files")
        return Warehouse(folder / self.path.name, folder / "files")


@pytest.fixture(scope="module", autouse=True)
def dbt_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """dbt's own files out of the checkout, which it runs in."""
    target = tmp_path_factory.mktemp("target")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(target))
        patch.setenv("DBT_LOG_PATH", str(target))
        patch.setenv("DO_NOT_TRACK", "1")
        patch.chdir(ROOT)
        yield


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with the seeds and nothing else."""
    folder = tmp_path_factory.mktemp("seeded")
    (folder / "files").mkdir()
    warehouse = Warehouse(folder / "shop.duckdb", folder / "files")
    assert run_dbt(["seed"], warehouse=warehouse.path, variables={}) == []
    return warehouse


def split_by_month(sources: Sequence[Path], folder: Path, suffix: str) -> list[Path]:
    """Write a file for each month of each source; the month that sources share stays in both."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with duckdb.connect() as connection:
        for source in sources:
            month = "strftime(InvoiceDate, '%Y-%m')"
            found = connection.execute(f"select distinct {month} from '{source}' order by 1")
            for (name,) in found.fetchall():
                path = folder / f"{source.stem}_{name}.{suffix}"
                connection.execute(
                    f"copy (select {COLUMNS} from '{source}' where {month} = '{name}') to '{path}'"
                )
                written.append(path)
    return written


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A simulated shop in monthly CSV files; the two parts of the simulation overlap."""
    folder = tmp_path_factory.mktemp("months")
    settings = ShopSettings(customers=150, months=6, seed=11, start=date(2023, 1, 1))
    files = split_by_month(write_parquet(settings, folder), folder / "csv", "csv")
    assert len(files) == 7
    return files


def load(months: Sequence[Path], warehouse: Warehouse) -> None:
    """Put copies of files into the folder of a warehouse."""
    for month in months:
        shutil.copy(month, warehouse.files)


def corrected(path: Path, *, rows_from: int) -> None:
    """Leave out the first rows of a CSV file, double the units of the next one, and sell one more thing."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    kept = lines[rows_from:]
    fields = kept[0].split(",")
    fields[3] = str(int(fields[3]) * 2)
    path.write_text("\n".join([header, ",".join(fields), *kept[1:], kept[-1]]) + "\n", "utf-8")


def rebuilt(
    warehouse: Warehouse, seeded: Warehouse, folder: Path, *models: str, **variables: Any
) -> Warehouse:
    """A warehouse made from nothing of the same files, which are copies with other times."""
    fresh = seeded.copy(folder)
    load(sorted(warehouse.files.iterdir()), fresh)
    fresh.run(*models, **variables)
    return fresh


def test_refreshes_in_any_order_equal_a_build_from_nothing(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    everything = (*STEPS, "+customers", "+customer_features", "+data_quality_ledger")
    tables = (*LINES, *CUSTOMERS)

    def assert_equal() -> None:
        expected = rebuilt(shop, seeded, tmp_path / "rebuilt", *everything)
        assert shop.fingerprints(tables) == expected.fingerprints(tables)

    load([months[number] for number in (0, 2, 4)], shop)
    shop.run(*everything)
    load([months[5]], shop)
    shop.run(*everything)  # the usual case: a month that comes after all others
    (written,) = Path(os.environ["DBT_TARGET_PATH"], "run").rglob("set_aside_rows.sql")
    # tables are restricted in place of the views over them, which would make all old rows first
    assert not re.findall("stg_transactions|int_transactions_disposed", written.read_text("utf-8"))
    assert_equal()
    load([months[6], months[1]], shop)  # a late file, and with it new numbers for others
    shop.run(*everything)
    shop.run(*everything)  # nothing is new
    load([months[3]], shop)
    corrected(shop.files / months[2].name, rows_from=3)
    corrected(shop.files / months[6].name, rows_from=5)
    (shop.files / months[0].name).unlink()
    shop.run(*everything)
    assert_equal()


def test_a_run_that_ended_after_any_step_is_repaired_by_the_next(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    base = seeded.copy(tmp_path / "base")
    load(months[:4], base)
    base.run(*STEPS)
    # what comes before a step can change once more before the run that repairs it
    changed = base.copy(tmp_path / "changed")
    load(months[4:], changed)
    corrected(changed.files / months[3].name, rows_from=4)
    expected = rebuilt(changed, seeded, tmp_path / "rebuilt", *STEPS).fingerprints(LINES)
    for done in range(1, len(STEPS)):
        shop = base.copy(tmp_path / "shop")
        load([months[4]] if done % 2 else [months[5]], shop)
        shop.run(*STEPS[:done])
        load(months[4:], shop)
        shutil.copy(changed.files / months[3].name, shop.files)
        shop.run(*STEPS)
        assert shop.fingerprints(LINES) == expected, f"stopped after {STEPS[done - 1]}"


def test_a_run_that_was_killed_within_a_step_leaves_nothing_behind(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:2], shop)
    shop.run(*STEPS)
    with duckdb.connect(str(shop.path)) as connection:  # as dbt does within a Python model
        connection.execute("create table main.py_raw_transactions__dbt_tmp2026 as select 1 as one")
    shop.run("py_input_files")
    load(months[2:3], shop)
    shop.run(*STEPS)
    left = shop.query("select table_name from duckdb_tables() where table_name like '%dbt_tmp%'")
    assert left == []


def test_files_that_did_not_change_are_not_opened(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:3], shop)
    for file in shop.files.iterdir():
        os.utime(file, (1_600_000_000, 1_600_000_000))
    shop.run(*STEPS)
    before = shop.fingerprints(LINES)
    for file in shop.files.iterdir():  # same size and time, so there is no reason to look inside
        file.write_bytes(b"?" * file.stat().st_size)
        os.utime(file, (1_600_000_000, 1_600_000_000))
    shop.run(*STEPS)
    assert shop.fingerprints(LINES) == before


def test_what_else_decides_about_rows_forces_tables_to_be_made_anew(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:5], shop)
    shop.run(*STEPS)
    defaults = shop.fingerprints(LINES)
    others = {
        "exclude_non_products": False,
        "reversal_window_hours": 0,
        "drop_cross_file_overlap": False,
        "drop_duplicate_lines": True,
    }
    load([months[5]], shop)
    shop.run(*STEPS, **others)
    load([months[6]], shop)
    shop.run(*STEPS, **others)  # the same settings again, and a new file
    expected = rebuilt(shop, seeded, tmp_path / "rebuilt", *STEPS, **others)
    assert shop.fingerprints(LINES) == expected.fingerprints(LINES)
    for month in (months[5], months[6]):
        (shop.files / month.name).unlink()
    shop.run(*STEPS)
    assert shop.fingerprints(LINES) == defaults
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute("delete from main_seeds.non_product_codes")
    shop.run(*STEPS)
    found = shop.query("select count(*) from main.set_aside_rows where disposition = 'non_product'")
    assert found == [(0,)]


def test_a_full_refresh_reads_every_file_again(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:3], shop)
    shop.run(*STEPS)
    before = shop.fingerprints(LINES)
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute("update main_input.py_raw_transactions set price = price + 1")
        connection.execute("delete from main.order_lines where order_line_id % 2 = 0")
    shop.run(*STEPS)
    assert shop.fingerprints(LINES) != before
    shop.run(*STEPS, is_full_refresh=True)
    assert shop.fingerprints(LINES) == before


def test_a_warehouse_of_an_earlier_version_is_made_anew(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:2], shop)
    shop.run(*STEPS)
    before = shop.fingerprints(LINES)
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute("alter table main_input.py_raw_transactions drop column file_key")
        connection.execute("alter table main_input.py_input_files drop column sha256")
        connection.execute("drop table main_intermediate.refreshed_models")
    shop.run(*STEPS)
    assert shop.fingerprints(LINES) == before


def test_from_files_to_the_sample_shop_and_back(
    seeded: Warehouse, months: list[Path], tmp_path: Path
) -> None:
    shop = seeded.copy(tmp_path / "shop")
    load(months[:3], shop)
    shop.run(*STEPS)
    before = shop.fingerprints(LINES)
    sample = {"transactions_path": None, "sample_customers": 60, "sample_months": 3}
    shop.run(*STEPS, **sample)
    first = shop.fingerprints(LINES)
    shop.run(*STEPS, **sample)
    assert shop.fingerprints(LINES) == first != before
    shop.run(*STEPS)
    assert shop.fingerprints(LINES) == before


def test_the_command_says_how_many_files_were_read(
    months: list[Path], build: Callable[..., Build], tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(months[0], files)
    shutil.copy(months[1], files)
    first = build(files, cluster_evaluated_counts=[2, 3], cluster_bootstraps=1)
    assert (first.summary["files_read"], first.summary["files_unchanged"]) == (2, 0)
    shutil.copy(months[2], files)
    finished = run_regulars(
        "build", "--db", first.database, "--data", files, "--no-report",
        "--vars", '{"cluster_evaluated_counts": [2, 3], "cluster_bootstraps": 1}',
        target=tmp_path / "target",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert "Files          1 read, 2 unchanged" in finished.stdout


@pytest.fixture(scope="module")
def real_months(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """UCI's two files by month: 25 months, of which both files have December 2010."""
    sources = sorted(real_data.glob("*.parquet"))
    files = split_by_month(sources, tmp_path_factory.mktemp("real") / "months", "parquet")
    assert len(files) == 26
    return files


def recorrected(path: Path) -> None:
    """Leave out every seventh row of a Parquet file and double the units of every fifth."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create table sales as
            select * replace (
                case when file_row_number % 5 = 0 then 2 * Quantity else Quantity end as Quantity
            )
            from read_parquet('{path}', file_row_number = true)
            where file_row_number % 7 > 0
            """
        )
        connection.execute(f"copy (select {COLUMNS} from sales) to '{path}'")


@pytest.mark.realdata
def test_real_months_late_and_corrected(
    seeded: Warehouse, real_months: list[Path], tmp_path: Path
) -> None:
    """Four loads of 26 files, compared at the end."""
    shop = seeded.copy(tmp_path / "shop")
    late = real_months[12]  # December 2010 of the first file, which the second has too
    load([file for file in real_months[:-1] if file != late], shop)
    shop.run(*STEPS)
    load([real_months[-1]], shop)
    shop.run(*STEPS)
    load([late], shop)
    shop.run(*STEPS)
    recorrected(shop.files / real_months[20].name)
    shop.run(*STEPS)
    expected = rebuilt(shop, seeded, tmp_path / "rebuilt", *STEPS)
    assert shop.fingerprints(LINES) == expected.fingerprints(LINES)


@pytest.mark.heavy
@pytest.mark.realdata
@pytest.mark.parametrize("seed", [None, 3])
def test_real_months_one_by_one(
    seeded: Warehouse, real_months: list[Path], tmp_path: Path, seed: int | None
) -> None:
    """26 loads in order of time or shuffled, some twice, with a late and a corrected file.

    Compared after loads 5, 13 (the month that both files have) and 20, after the correction, and at the end.
    """
    shop = seeded.copy(tmp_path / "shop")
    order = list(real_months)
    if seed is None:
        order.append(order.pop(7))  # the late file
    else:
        Random(seed).shuffle(order)
    for number, month in enumerate(order, start=1):
        load([month], shop)
        shop.run(*STEPS)
        if number % 6 == 0:
            shop.run(*STEPS)  # the same files once more
        if number == 22:
            recorrected(shop.files / order[10].name)
            shop.run(*STEPS)
        if number in (5, 13, 20, 22, len(order)):
            expected = rebuilt(shop, seeded, tmp_path / "rebuilt", *STEPS)
            assert shop.fingerprints(LINES) == expected.fingerprints(LINES), f"load {number}"
