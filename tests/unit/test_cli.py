from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.conftest import REGULARS, run_regulars

COMMANDS = (
    "build", "cards", "classify", "doctor", "download", "export", "publish", "query", "report", "serve", "simulate",
)  # fmt: skip


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table orders as select '489434' as order_id, 505.30::decimal(18, 4) as revenue, null::varchar as customer_id "
            "union all select '489435', 145.8, '13,085'"
        )
    return path


def test_the_version_and_help_are_printed(tmp_path: Path) -> None:
    assert run_regulars("--version", target=tmp_path).stdout.startswith("regulars 0.")
    helped = run_regulars("--help", target=tmp_path)
    assert helped.returncode == 0
    for command in COMMANDS:
        assert command in helped.stdout
        shown = run_regulars(command, "--help", target=tmp_path)
        assert shown.returncode == 0
        assert "--help" in shown.stdout


def test_help_does_not_import_heavy_libraries(tmp_path: Path) -> None:
    profile = run_regulars("--help", target=tmp_path, PYTHONPROFILEIMPORTTIME="1").stderr
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in profile.splitlines()}
    assert "typer" in imported
    assert imported & {"dbt", "duckdb", "pandas", "numpy", "pyarrow", "fastapi", "uvicorn"} == set()


def test_a_query_prints_a_table_csv_or_json(published: Path, tmp_path: Path) -> None:
    sql = "select * from orders order by order_id"
    table = run_regulars("query", sql, "--db", published, target=tmp_path).stdout.splitlines()
    assert table[0].split() == ["order_id", "revenue", "customer_id"]
    assert table[2].split() == ["489434", "505.3000"]
    text = run_regulars("query", sql, "--csv", "--db", published, target=tmp_path).stdout
    assert list(csv.reader(io.StringIO(text)))[1:] == [
        ["489434", "505.3000", ""],
        ["489435", "145.8000", "13,085"],
    ]
    rows = json.loads(
        run_regulars("query", sql, "--json", "--db", published, target=tmp_path).stdout
    )
    assert rows[0] == {"order_id": "489434", "revenue": "505.3000", "customer_id": None}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["query", "select 1", "--db", "{missing}"], 1, "make build"),
        (["query", "select nothing from orders", "--db", "{published}"], 2, "nothing"),
        (["query", "drop table orders", "--db", "{published}"], 2, "read-only"),
        (["build", "--vars", "{not yaml"], 2, "--vars"),
        (["build", "--vars", "[1, 2]"], 2, "no mapping"),
        (["build", "--as-of", "yesterday"], 2, "2011-12-10"),
        (["simulate", "--customers", "0", "--out", "{folder}"], 2, "customers"),
        (["build", "--fail-on", "weather"], 2, "alert, decay"),
        (["publish", "--db", "{folder}/shop.duckdb"], 1, "regulars build"),
        (["serve", "--host", "0.0.0.0", "--db", "{published}"], 2, "REGULARS_SERVE_TOKEN"),
        (["serve", "--port", "99999", "--db", "{published}"], 2, "REGULARS_SERVE_PORT"),
        (["classify", "sales.csv", "--db", "{missing}"], 1, "make build"),
        (["nonsense"], 2, "No such command"),
    ],
)  # fmt: skip
def test_mistakes_are_named_and_have_their_exit_status(
    published: Path, tmp_path: Path, arguments: list[str], status: int, message: str
) -> None:
    places = {"{missing}": tmp_path / "none.duckdb", "{published}": published, "{folder}": tmp_path}
    finished = run_regulars(
        *(places.get(argument, argument) for argument in arguments), target=tmp_path
    )
    assert finished.returncode == status
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""


def test_simulate_writes_two_files_that_overlap(tmp_path: Path) -> None:
    finished = run_regulars(
        "simulate",
        "--customers",
        "50",
        "--months",
        "4",
        "--out",
        tmp_path / "shop",
        target=tmp_path,
    )
    paths = [Path(line) for line in finished.stdout.split()]
    assert [path.name for path in paths] == ["sales_part_1.parquet", "sales_part_2.parquet"]
    first, second = (pq.read_table(path) for path in paths)
    assert first.column_names == [
        "Invoice",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "Price",
        "Customer ID",
        "Country",
    ]
    assert set(first["Invoice"].to_pylist()) & set(second["Invoice"].to_pylist())


def test_the_doctor_finds_what_a_build_needs(tmp_path: Path) -> None:
    finished = run_regulars("doctor", "--json", "--db", tmp_path / "shop.duckdb", target=tmp_path)
    assert finished.returncode == 0
    findings = {finding["subject"]: finding for finding in json.loads(finished.stdout)}
    assert findings["project"]["is_good"]
    assert findings["duckdb"]["detail"].split(".")[0] in {"1", "2"}
    assert not findings["database"]["is_good"]


def test_the_shell_completes_commands_and_options(tmp_path: Path) -> None:
    def completed(words: str, at: int) -> list[str]:
        variables = {"_REGULARS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(at)}  # fmt: skip
        return run_regulars(target=tmp_path, **variables).stdout.split()

    assert completed("regulars cla", 1) == ["classify"]
    assert "--recipe" in completed("regulars classify --re", 2)
    script = run_regulars(target=tmp_path, _REGULARS_COMPLETE="source_bash").stdout
    assert "complete -o default -F _regulars_completion regulars" in script


def test_json_modes_print_one_document_on_stdout(tmp_path: Path) -> None:
    arguments = ["simulate", "--customers", "30", "--months", "3", "--out", tmp_path / "shop"]
    finished = run_regulars(*arguments, "--json", "--quiet", target=tmp_path)
    files = json.loads(finished.stdout)["files"]
    assert [Path(path).name for path in files] == ["sales_part_1.parquet", "sales_part_2.parquet"]
    assert finished.stderr == ""


def test_plain_dbt_is_published_by_a_command(tmp_path: Path) -> None:
    warehouse = tmp_path / "shop_warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create table customers as select '17850' as customer_id")
    finished = run_regulars("publish", "--db", tmp_path / "shop.duckdb", "--json", target=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == {"files": [str(tmp_path / "shop.duckdb")]}
    assert finished.stderr == "1 tables\n"
    sql = ("query", "from customers", "--csv", "--db", tmp_path / "shop.duckdb")
    assert run_regulars(*sql, target=tmp_path).stdout.split() == ["customer_id", "17850"]


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.5])
def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, seconds: float) -> None:
    command = [REGULARS, "simulate", "--customers", "200000", "--out", tmp_path / "shop"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in errors or seconds < 1  # while Python itself starts
    folder = tmp_path / "shop"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_ctrl_c_ends_a_query_at_once(published: Path) -> None:
    sql = "select sum(a.range * b.range) from range(10_000_000) as a, range(1_000_000) as b"
    process = subprocess.Popen([REGULARS, "query", sql, "--db", published], stderr=subprocess.PIPE)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)  # it would run for hours
    assert process.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in errors
