"""ANSI mode: what DuckDB refuses stops a build on Spark as well, instead of leaving a NULL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spark.conftest import run_dbt


def test_a_bad_cast_stops_the_query(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="CAST_INVALID_INPUT"):
        run_dbt(
            "show", "--target", "spark", "--inline", "select cast('x' as integer) as number",
            folder=tmp_path,
            REGULARS_SPARK_WAREHOUSE=str(tmp_path / "spark"), REGULARS_SPARK_CATALOG="in-memory",
        )  # fmt: skip
