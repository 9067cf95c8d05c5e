"""The hybrid way: Spark makes what is not fitted, DuckDB the models and the report of its Parquet files."""

from __future__ import annotations

import json
from pathlib import Path

from tests.spark.conftest import Builds, run_dbt
from tests.spark.rows import unequal_tables


def test_duckdb_goes_on_from_the_tables_of_spark(builds: Builds, tmp_path: Path) -> None:
    database = tmp_path / "shop_warehouse.duckdb"
    # of Spark's folder only Spark's part, so that DuckDB cannot but make the rest
    fitted = {
        json.loads(line)["alias"]
        for line in run_dbt(
            "ls", "-q", "--resource-type", "model", "--selector", "fitted",
            "--output", "json", "--output-keys", "alias",
            folder=tmp_path, REGULARS_WAREHOUSE=str(database),
        ).splitlines()
    }  # fmt: skip
    spark = tmp_path / "spark"
    for folder in (builds.spark / "tables").glob("*.db/*"):
        if folder.name not in fitted:
            place = spark / folder.relative_to(builds.spark)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(folder)
    for arguments in (
        ["seed"],
        ["run-operation", "load_spark_tables", "--args", json.dumps({"warehouse": str(spark)})],
        ["run", "--selector", "views"],
        ["build", "--selector", "fitted", "--exclude-resource-type", "unit_test"],
    ):
        run_dbt(*arguments, folder=tmp_path, REGULARS_WAREHOUSE=str(database))
    with builds.attached() as connection:
        connection.execute(f"attach '{database}' as hybrid (read_only)")
        unequal = unequal_tables(connection, lambda schema, table: f"hybrid.{schema}.{table}")
    assert not unequal, "\n".join(f"{table}: {lines}" for table, lines in unequal.items())
