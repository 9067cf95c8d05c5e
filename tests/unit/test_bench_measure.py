"""What a measured program starts counts with it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.measure import run_child

# two processes that hold 100 MB and work at the same time, of which the first does not wait for the second
PROGRAM = """
import subprocess, sys, time
work = "import time; held = b'1' * 100_000_000; end = time.process_time() + 0.6\\nwhile time.process_time() < end: pass"
if len(sys.argv) > 1:
    subprocess.Popen([sys.executable, "-c", work + "\\ntime.sleep(0.5)"])
    exec(work)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of what outlives its parent")
def test_time_and_memory_of_started_processes_count(tmp_path: Path) -> None:
    alone, both = (
        run_child([sys.executable, "-c", PROGRAM, *arguments], log=tmp_path / "log")
        for arguments in ((), ("both",))
    )
    assert both.cpu_seconds - alone.cpu_seconds > 1.1
    assert both.peak_bytes > 200_000_000
