"""Installed as a package beside a host project that has a `customers` of its own, it builds."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import duckdb

from tests.conftest import REGULARS, ROOT


def test_a_host_project_builds_regulars_beside_its_own_customers(tmp_path: Path) -> None:
    host = tmp_path / "host"
    shutil.copytree(ROOT / "integration_tests", host, ignore=shutil.ignore_patterns("dbt_packages"))
    packages = host / "packages.yml"
    text = packages.read_text(encoding="utf-8")
    assert "local: ../" in text
    packages.write_text(text.replace("local: ../", f"local: {ROOT}"), encoding="utf-8")
    warehouse = tmp_path / "host_shop.duckdb"

    def dbt(*arguments: str) -> None:
        finished = subprocess.run(
            [REGULARS.with_name("dbt"), *arguments, "--profiles-dir", ".", "--no-use-colors"],
            cwd=host,
            env=os.environ | {"HOST_SHOP_WAREHOUSE": str(warehouse), "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout

    dbt("deps")
    dbt("seed", "-s", "sales")
    dbt("build", "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        own = connection.execute("from customers order by customer_id").fetchall()
        segments = connection.execute(
            "select customer_id, segment from main_regulars.customer_segments order by customer_id"
        ).fetchall()
        country = connection.execute(
            "select count(*) from main_regulars.customers where is_uk"  # home_country: Germany
        ).fetchone()
        recorded = connection.execute(
            "select count(*) from main_replay.compiled_models where model_name = 'customers'"
        ).fetchone()
    assert [(customer, segment) for customer, _, segment in own[:3]] == segments
    assert own[3] == ("99999", "Noch nie bestellt", None)
    assert country == (2,)
    assert recorded == (1,)
