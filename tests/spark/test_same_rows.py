"""The project's tables are the same on Spark: keys, counts, money and text exactly, doubles to 1e-9."""

from __future__ import annotations

import duckdb
import pytest

from tests.spark.conftest import Builds
from tests.spark.rows import differences

# What DuckDB alone writes: the SQL that uploads are classified by.
DUCKDB_ONLY = {"main_replay"}


def unequal_tables(builds: Builds) -> dict[str, list[str]]:
    unequal = {}
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '4GB'")
        connection.execute(f"attach '{builds.duckdb}' as shop (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'shop' order by all"
        ).fetchall()
        assert len(tables) > 150
        for schema, table in tables:
            if schema in DUCKDB_ONLY:
                continue
            folder = builds.folder(schema, table)
            found = (
                differences(connection, f"shop.{schema}.{table}", folder)
                if folder.exists()
                else ["not there"]
            )
            if found:
                unequal[f"{schema}.{table}"] = found
    return unequal


def test_every_table_of_the_sample_is_the_same_on_spark(builds: Builds) -> None:
    assert not (unequal := unequal_tables(builds)), "\n".join(f"{name}: {found}" for name, found in unequal.items())


@pytest.mark.realdata
def test_every_table_of_the_real_data_is_the_same_on_spark(real_builds: Builds) -> None:
    assert unequal_tables(real_builds) == {}
