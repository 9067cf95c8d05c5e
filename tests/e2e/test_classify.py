"""An upload runs the SQL of the build: the same rows give the same values for every customer."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from regulars.classify import Classification, Kit, Limits, classify, read_kit
from regulars.errors import (
    InvalidSettingError,
    MissingColumnsError,
    NoUsableRowsError,
    TooLargeError,
    UnusableInputError,
)
from regulars.warehouse import open_read_only
from tests.conftest import Build, run_regulars

LIMITS = Limits(rows=3_000_000, memory="900MB", spill="4GB", threads=2, set_aside_rows=100)
HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
# what the build says of each table that an upload gives; every column of the upload's is compared
BUILT = {
    "customers": """
        (select * from built.customer_rfm
            inner join built.customer_segments using (as_of_date, customer_id)
            inner join built.customers using (as_of_date, customer_id)
            inner join built.customer_scores using (as_of_date, customer_id, confidence_tier))
    """,
    "clusters": "built.customer_clusters",
    "features": "(from built.customer_features where as_of_date = (select max(as_of_date) from built.customers))",
    "ledger": "built.data_quality_ledger",
    "observations": "built.data_quality_observations",
}


@pytest.fixture(scope="module")
def sample_files(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's rows as the two files that a user would upload."""
    folder = tmp_path_factory.mktemp("sample_files")
    with duckdb.connect(str(sample.warehouse), read_only=True) as warehouse:
        for number in (1, 2):
            warehouse.execute(
                f"""
                copy (
                    select invoice, stock_code, description, quantity, invoice_date, price, customer_id, country
                    from main_input.py_raw_transactions where source_file_number = {number}
                    order by source_row_number
                ) to '{folder}/part_{number}.csv'
                """
            )
    return folder


@pytest.fixture(scope="module")
def kit(sample: Build) -> Kit:
    with open_read_only(sample.database) as connection:
        return read_kit(connection)


def classified(kit: Kit, path: Path, folder: Path, **given: object) -> Classification:
    settings = {"reading": {}, "reference_date": None, "limits": LIMITS} | given
    return classify(kit, [str(path)], folder=folder, **settings)


def differences(found: Classification, database: Path) -> dict[str, int]:
    """Rows that are in the upload or in the build, but not in both, by table."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as built (read_only)")
        counts = {}
        for name, built in BUILT.items():
            table: pa.Table = getattr(found, name)
            connection.register(name, table)
            columns = ", ".join(table.column_names)
            ours, theirs = f"select {columns} from {name}", f"select {columns} from {built}"
            counts[name] = connection.execute(
                f"select count(*) from (({ours} except all {theirs}) union all ({theirs} except all {ours}))"
            ).fetchone()[0]
    return counts


def test_the_sample_uploaded_equals_the_sample_built(
    kit: Kit, sample: Build, sample_files: Path, tmp_path: Path
) -> None:
    found = classified(kit, sample_files, tmp_path)
    assert found.customers.num_rows == len(sample.query("from customers")) > 2000
    assert differences(found, sample.database) == dict.fromkeys(BUILT, 0)
    assert {drift.verdict for drift in found.drift} == {"none"}
    assert max(drift.stability_index for drift in found.drift) < 0.01


def test_a_fixed_reference_date_equals_a_build_for_that_date(
    past: Build, sample_files: Path, tmp_path: Path
) -> None:
    as_of = past.query("select max(as_of_date) from customers")[0][0]
    with open_read_only(past.database) as connection:
        kit = read_kit(connection)
    found = classified(kit, sample_files, tmp_path, reference_date=as_of)
    assert differences(found, past.database) == dict.fromkeys(BUILT, 0)


@pytest.mark.realdata
def test_the_real_data_uploaded_equal_the_real_data_built(
    real: Build, real_data: Path, tmp_path: Path
) -> None:
    with open_read_only(real.database) as connection:
        kit = read_kit(connection)
    found = classified(kit, real_data, tmp_path)
    assert found.customers.num_rows > 5000
    assert differences(found, real.database) == dict.fromkeys(BUILT, 0)


def test_the_sql_that_is_kept_is_of_every_model_and_names_no_database(sample: Build) -> None:
    rows = sample.query("select model_name, materialized, compiled_sql from main_replay.compiled_models")  # fmt: skip
    names = {name for name, _, _ in rows}
    marts = {name for (name,) in sample.query("select table_name from duckdb_tables() where schema_name = 'main'")}  # fmt: skip
    assert marts <= names
    assert all(
        (sql is None) == (kind == "seed" or name.startswith("py_")) for name, kind, sql in rows
    )
    assert all(f'"{sample.warehouse.stem}"' not in (sql or "") for _, _, sql in rows)


def test_one_customer_is_looked_at_from_the_date_of_the_training_population(
    kit: Kit, tmp_path: Path
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(HEADER + "1,A1,MUG,2,2024-06-03 10:00,2.50,7,France\n", encoding="utf-8")
    found = classified(kit, path, tmp_path)
    assert found.reference_date == kit.training_date
    assert "one customer" in found.reference_reason
    row = found.customers.to_pylist()[0]
    assert row["recency_days"] == (kit.training_date - date(2024, 6, 3)).days
    assert 0 < row["churn_probability_90d"] < 1
    assert len(found.clusters) == len(kit.recipes)
    assert {drift.verdict for drift in found.drift} <= {
        "none",
        "too few customers to tell",
        "major",
    }


def test_scores_are_withheld_far_from_the_date_of_the_models(kit: Kit, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    lines = [f"{n},A1,MUG,2,2019-06-0{n} 10:00,2.50,{n},France\n" for n in range(1, 4)]
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    found = classified(kit, path, tmp_path)
    assert found.reference_date == date(2019, 6, 4)
    assert found.customers.column("churn_probability_90d").null_count == 3
    reason = found.customers.to_pylist()[0]["withheld_reason"]
    assert "2019-06-04" in reason
    assert str(kit.training_date) in reason
    assert found.customers.column("segment").null_count == 0


@pytest.mark.parametrize(
    ("text", "given", "error", "message"),
    [
        ("Invoice,Menge\n1,2\n", {}, MissingColumnsError, "stock_code"),
        (HEADER + "C1,A,MUG,-1,2024-01-01,2.5,7,France\n", {}, NoUsableRowsError, "return 1"),
        (HEADER + "1,A,MUG,1,2024-01-01,2.5,7,\n", {"reference_date": date(2024, 1, 1)}, NoUsableRowsError, "first sale is of 2024-01-01"),
        (HEADER + "1,A,MUG,1,2024-01-01,2.5,7,\n" * 3, {"limits": Limits(rows=2, memory="500MB", spill="1GB", threads=1, set_aside_rows=1)}, TooLargeError, "more than 2 rows"),
        (HEADER, {}, UnusableInputError, "no data rows"),
        (HEADER + "1,A,MUG,1,2024-01-01,2.5,7,\n", {"reading": {"date_format": "sometimes"}}, InvalidSettingError, "date_format"),
    ],
)  # fmt: skip
def test_a_file_of_no_use_is_refused_with_the_reason(
    kit: Kit, tmp_path: Path, text: str, given: dict, error: type[Exception], message: str
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        classified(kit, path, tmp_path, **given)


def test_the_command_prints_what_the_build_makes(
    sample: Build, sample_files: Path, tmp_path: Path
) -> None:
    arguments = ("classify", f"{sample_files}/part_*.csv", "--db", sample.database)
    finished = run_regulars(*arguments, "--recipe", "engagement", "--json", target=tmp_path)
    assert finished.returncode == 0, finished.stderr
    printed = {
        row["customer_id"]: (row["segment"], row["cluster_name"])
        for row in json.loads(finished.stdout)
    }
    built = sample.query(
        "select customer_id, segment, cluster_name from customer_segments "
        "inner join customer_clusters using (customer_id) where recipe = 'engagement'"
    )
    assert printed == {customer: (segment, cluster) for customer, segment, cluster in built}
    assert "the day after the last row" in finished.stderr
    quiet = run_regulars(*arguments, "--quiet", target=tmp_path)
    assert quiet.stderr == ""
    assert len(list(csv.reader(io.StringIO(quiet.stdout)))) == len(printed) + 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--recipe", "horoscope"], 2, "value_tiers"),
        (["--reference-date", "soon"], 2, "2011-12-10"),
        (["--vars", "{net_returns: false}"], 2, "column_mapping"),
        (["--reference-date", "1999-01-01"], 3, "first sale"),
    ],
)
def test_mistakes_of_the_command_are_named(
    sample: Build,
    sample_files: Path,
    tmp_path: Path,
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    finished = run_regulars(
        "classify", sample_files, "--db", sample.database, *arguments, target=tmp_path
    )
    assert finished.returncode == status, finished.stderr
    assert message in finished.stderr
    assert finished.stdout == ""
