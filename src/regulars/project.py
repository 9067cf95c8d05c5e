"""Run the dbt project: build it, watch it, and say what came out."""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from regulars.errors import InvalidSettingError, RegularsError, UnusableInputError
from regulars.exports import ExportedFile
from regulars.warehouse import NotBuiltError, open_read_only, recover

DEFAULT_DATABASE = "regulars.duckdb"
USABLE_ROWS_TEST = "assert_some_rows_are_usable"

# dbt hands on a Python model's traceback as text, indented
_INPUT_ERROR = re.compile(
    r"regulars\.errors\.(UnusableInputError|MissingColumnsError|InvalidSettingError): (.*)", re.S
)


class BuildError(RegularsError):
    """A dbt model or test failed; the message names each with its reason."""


@dataclass(frozen=True)
class Built:
    """What `build` made and read.

    Attributes:
        warehouse: The file that holds all of it, to be published.
        files_read: Files of the input that were read; None if the input is no files.
        files_unchanged: Files whose rows were in the warehouse already, likewise.
    """

    warehouse: Path
    files_read: int | None = None
    files_unchanged: int | None = None


@dataclass(frozen=True)
class BuildSummary:
    """What a build made: the numbers that its last lines print."""

    database: str
    source: str
    as_of_date: str
    currency: str
    ledger: list[dict[str, Any]]
    customer_count: int
    order_count: int
    gross_revenue: Decimal
    revenue: Decimal
    checks_reconciled: int
    checks: int
    segments: list[dict[str, Any]]
    files_read: int | None = None
    files_unchanged: int | None = None
    tables: list[str] = field(default_factory=list)
    outputs: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    report: str | None = None


def project_directory() -> Path:
    """Find the dbt project: the current directory or one above it, else the checkout that this package is installed from.

    Raises:
        RegularsError: If there is no dbt_project.yml in any of them.
    """
    here = Path.cwd()
    for directory in (here, *here.parents, Path(__file__).resolve().parents[2]):
        marker = directory / "dbt_project.yml"
        if marker.exists() and "name: regulars" in marker.read_text(encoding="utf-8"):
            return directory
    raise RegularsError(
        f"There is no Regulars project (dbt_project.yml) in {here} or above it. Run the command inside the checkout."
    )


def warehouse_of(database: Path) -> Path:
    """Name the file that dbt builds in, beside the published database."""
    return database.with_name(f"{database.stem}_warehouse.duckdb")


def build(
    database: Path,
    *,
    variables: Mapping[str, Any],
    is_full_refresh: bool,
    on_step: Callable[[str], None] = lambda _line: None,
) -> Built:
    """Run `dbt build` in the warehouse file; what was published before stays as it is.

    Args:
        database: The file that will be published; the warehouse lies beside it.
        variables: dbt vars that differ from dbt_project.yml.
        is_full_refresh: Read every file and make every table anew, whatever the warehouse holds.
        on_step: Called with a line for each model, seed or test that is done.

    Returns:
        The warehouse, and how many files were read.

    Raises:
        UnusableInputError: If the input as a whole cannot be used.
        BuildError: If a model or test failed.
    """
    warehouse = warehouse_of(database)
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    recover(warehouse)
    loaded = set() if is_full_refresh else _loaded_files(warehouse)
    # unit tests check the code, not the data: they belong to the test suite
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    failures = run_dbt(
        [*arguments, "--full-refresh"] if is_full_refresh else arguments,
        warehouse=warehouse,
        variables=variables,
        on_step=on_step,
    )
    check(failures, warehouse)
    registered = _registered_files(warehouse)
    if not registered:
        return Built(warehouse)
    unchanged = sum(keys <= loaded for keys in registered)
    return Built(warehouse, len(registered) - unchanged, unchanged)


def run_dbt(
    arguments: Sequence[str],
    *,
    warehouse: Path,
    variables: Mapping[str, Any],
    on_step: Callable[[str], None] = lambda _line: None,
) -> list[tuple[str, str]]:
    """Invoke dbt on the project.

    Args:
        arguments: dbt's own, such as `["build", "-s", "+customers"]`.
        warehouse: The DuckDB file to build in.
        variables: dbt vars that differ from dbt_project.yml.
        on_step: Called with a line for each node that is done.

    Returns:
        Name and message of each node that failed, in order; empty when all is well.

    Raises:
        BuildError: If dbt could not even start.
    """
    # dbt takes seconds to import: only who builds pays for it
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt_common.events.base_types import EventMsg

    def on_event(event: EventMsg) -> None:
        if event.info.name == "NodeFinished":
            node = event.data.node_info
            on_step(f"{node.node_status:<8} {node.resource_type} {node.node_name}")

    # dbt's nodes stay until the end; looking for garbage among them takes a tenth of parsing
    gc.set_threshold(50_000, 20, 100)
    project = project_directory()
    with _environment(REGULARS_WAREHOUSE=str(warehouse)):
        result = dbtRunner(callbacks=[on_event]).invoke(
            [
                "--log-level=none",  # what failed is in the result; stdout is for data
                *arguments,
                "--project-dir",
                str(project),
                "--profiles-dir",
                str(project),
                "--vars",
                json.dumps(dict(variables)),
            ]
        )
    if isinstance(result.exception, KeyboardInterrupt):
        raise KeyboardInterrupt
    if result.exception:
        raise BuildError(str(result.exception))
    # dbt-duckdb keeps the file open until the process ends; publishing needs it closed
    DuckDBConnectionManager.env().close()
    nodes = getattr(result.result, "results", [])
    return [
        (node.node.name, str(node.message or node.status))
        for node in nodes
        if node.status in ("error", "fail", "runtime error")
    ]


def summarise(
    database: Path,
    *,
    built: Built,
    tables: Sequence[str],
    outputs: Path | None = None,
    files: Sequence[ExportedFile] = (),
) -> BuildSummary:
    """Read a build's numbers back from the published database.

    Args:
        database: The published file.
        built: What the build made and read.
        tables: Names of the published marts.
        outputs: The folder that files were written to.
        files: What was written there.

    Raises:
        NotBuiltError: If nothing is published there.
    """
    with open_read_only(database) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            result = connection.execute(query)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

        ledger = rows(
            "select disposition, outcome, row_count, unit_count, amount from data_quality_ledger "
            "where row_count > 0 order by row_count desc, disposition"
        )
        totals = rows(
            "select count(*) as orders, coalesce(sum(gross_revenue), 0) as gross, coalesce(sum(revenue), 0) as net from orders"
        )[0]
        customers = rows(
            "select count(*) as customers, max(as_of_date) as as_of_date from customers"
        )[0]
        checks = rows(
            "select count(*) as checks, count(*) filter (where difference = 0) as good from reconciliation"
        )[0]
        segments = rows(
            "select segment, customer_count, customer_share, revenue, revenue_share from segment_profiles "
            "where as_of_date = (select max(as_of_date) from customers) order by display_order"
        )
        currency = rows("select value from build_settings where setting = 'currency'")[0]
        sources = rows("select distinct source_file from order_lines order by source_file")
    return BuildSummary(
        database=str(database),
        source=", ".join(row["source_file"] for row in sources),
        as_of_date=str(customers["as_of_date"]),
        currency=json.loads(currency["value"]),
        ledger=ledger,
        customer_count=customers["customers"],
        order_count=totals["orders"],
        gross_revenue=totals["gross"],
        revenue=totals["net"],
        checks_reconciled=checks["good"],
        checks=checks["checks"],
        segments=segments,
        files_read=built.files_read,
        files_unchanged=built.files_unchanged,
        tables=list(tables),
        outputs=None if outputs is None else str(outputs),
        files=[asdict(file) for file in files],
    )


def check(failures: Sequence[tuple[str, str]], warehouse: Path) -> None:
    """Turn what failed in `run_dbt` into the error that the user can act on; do nothing if nothing did.

    Raises:
        UnusableInputError: If the input as a whole cannot be used.
        BuildError: If a model or test failed for another reason.
    """
    if not failures:
        return
    for name, message in failures:
        if match := _INPUT_ERROR.search(message):
            error = InvalidSettingError if match[1] == "InvalidSettingError" else UnusableInputError
            raise error(" ".join(match[2].split()))
        if name == USABLE_ROWS_TEST:
            raise UnusableInputError(
                f"No row of the input is a sale to a known customer. Rows by rule: {_rule_counts(warehouse)}."
            )
    lines = [f"{name}: {message.strip()}" for name, message in failures]
    raise BuildError("dbt failed; the published database is as it was.\n" + "\n".join(lines))


def _loaded_files(warehouse: Path) -> set[str]:
    """Keys of the files whose rows a warehouse holds before a build."""
    query = (
        "select distinct file_key from main_input.py_raw_transactions where file_key is not null"
    )
    try:
        with open_read_only(warehouse) as connection:
            return {key for (key,) in connection.execute(query).fetchall()}
    except (NotBuiltError, duckdb.Error):  # none yet, or of a version without keys
        return set()


def _registered_files(warehouse: Path) -> list[set[str]]:
    """Keys of each file that has rows; a workbook has one for each sheet."""
    query = "select list(file_key) from main_input.py_input_files where row_count > 0 group by path"
    with open_read_only(warehouse) as connection:
        return [set(keys) for (keys,) in connection.execute(query).fetchall()]


def _rule_counts(warehouse: Path) -> str:
    query = "select disposition, count(*) from main_intermediate.int_transactions_classified group by 1 order by 2 desc, 1"
    try:
        with open_read_only(warehouse) as connection:
            counts = connection.execute(query).fetchall()
    except NotBuiltError:
        return "none"
    return ", ".join(f"{name} {count:,}" for name, count in counts)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
