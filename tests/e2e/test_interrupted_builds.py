"""Whole builds that are killed at random points: what was published stays as it was, and the next build goes through."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.conftest import QUICK, REGULARS, ROOT, Build

KILLS = 6


def digests(folder: Path) -> dict[str, str]:
    """Hash of each file below a folder that is no temporary one."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".tmp" not in str(path.relative_to(folder))
    }


@pytest.mark.heavy
def test_a_build_that_is_killed_leaves_what_was_published(
    sample: Build, build: Callable[..., Build], tmp_path: Path
) -> None:
    database, outputs = tmp_path / "shop.duckdb", tmp_path / "outputs"
    shutil.copy(sample.database, database)
    before = digests(tmp_path)
    arguments = [
        REGULARS, "build", "--db", database, "--out", outputs, "--quiet", "--no-report",
        "--vars", '{"sample_customers": 300, "sample_months": 6, "cluster_evaluated_counts": [2, 3]}',
    ]  # fmt: skip
    target = tmp_path.parent / "target"
    environment = os.environ | {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    random = Random(7)
    for _ in range(KILLS):
        process = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3 + 20 * random.random())
        assert process.poll() is None, "the build was over before it was killed"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        after = digests(tmp_path)
        assert {name: after[name] for name in before} == before
        assert not outputs.exists()
    again = build(database=database, **QUICK | {"sample_customers": 300, "sample_months": 6})
    assert again.summary["customer_count"] <= 300
