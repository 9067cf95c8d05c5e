"""Whole child processes, measured by what the system says they used."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

# ru_maxrss is in bytes on macOS, in KiB elsewhere
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class ChildError(Exception):
    """A child process failed; the message ends with what it printed."""


@dataclass(frozen=True)
class Usage:
    """What one process used.

    Attributes:
        cpu_seconds: User and system time of all its threads, and of the children it waited for.
        wall_seconds: From start to exit.
        peak_bytes: Largest resident set.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Spread:
    """Median and range of repeated measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Summarise at least one value."""
        return cls(median(values), min(values), max(values))


def run_child(
    arguments: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Usage:
    """Run a program to its end.

    A new process counts the resident set of the process that starts it, so the caller must stay
    small: the benchmark's own process imports neither DuckDB nor data frames.

    Args:
        arguments: The program and its arguments.
        log: File for what it prints; overwritten.
        cwd: Where it starts; this process's own directory if not given.
        env: Environment variables besides this process's own.

    Returns:
        What it used.

    Raises:
        ChildError: It failed.
    """
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(env or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        command = " ".join(Path(str(argument)).name for argument in arguments[:3])
        raise ChildError(f"{command} ended with status {process.returncode}:\n{tail}")
    return Usage(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * _MAXRSS_BYTES)
