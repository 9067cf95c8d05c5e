"""The scale benchmark's dbt writes down what each node held, and fails where dbt fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is started anew through /proc")
def test_the_largest_resident_set_of_each_node_is_written(tmp_path: Path) -> None:
    peaks = tmp_path / "peaks.json"
    environment = {
        "REGULARS_WAREHOUSE": str(tmp_path / "shop.duckdb"),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }

    def run(*arguments: str) -> int:
        return subprocess.run(
            [
                *(sys.executable, "-m", "tests.bench.dbt_memory", peaks, "--quiet"),
                *("seed", "--profiles-dir", PROJECT, "--threads", "1", *arguments),
            ],
            cwd=PROJECT,
            env=os.environ | environment,
            check=False,
        ).returncode

    assert run("--select", "segment_rules", "country_codes") == 0
    found = json.loads(peaks.read_text(encoding="utf-8"))
    assert set(found) == {"segment_rules", "country_codes"}
    # Python with dbt loaded is more than 50 MB; two small seeds are less than a gigabyte
    assert all(50e6 < peak < 1e9 for peak in found.values())
    assert run("--no-such-option") == 1
