"""What a measured program starts counts with it."""

from __future__ import annotations

import subprocess
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


def test_other_children_of_the_caller_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        run_child([sys.executable, "-c", ""], log=tmp_path / "log")  # would wait for ever
        assert other.poll() is None
        other.communicate(b"\n")
    assert other.returncode == 0
