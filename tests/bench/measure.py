"""Whole child processes with all that they start, measured by what the system says they used."""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

# ru_maxrss is in bytes on macOS, in KiB elsewhere
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
_LINUX = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
_SAMPLES_EVERY = 0.25
# of the time that goes into looking: the system holds up a large process that is looked at
_WAITS = 50


class ChildError(Exception):
    """A child process failed; the message ends with what it printed."""


@dataclass(frozen=True)
class Usage:
    """What one process used.

    Attributes:
        cpu_seconds: User and system time of all its threads and, on Linux, of all processes it started
            (elsewhere of those it waited for).
        wall_seconds: From start to exit.
        peak_bytes: Largest resident set. On Linux, if that is more, the most that it and what it started held
            together, each shared page counted once, looked at every quarter of a second, of large ones every few.
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

    A small process of Python stands between: a new process counts the resident set of the one that starts it, and
    what the program leaves behind must become nobody else's child.

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
    with tempfile.TemporaryDirectory() as folder, log.open("wb") as output:
        usage = Path(folder) / "usage.json"
        process = subprocess.run(
            [sys.executable, __file__, str(usage), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            check=False,
        )
        if process.returncode == 0:
            return Usage(**json.loads(usage.read_text()))
    tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    command = " ".join(Path(str(argument)).name for argument in arguments[:3])
    raise ChildError(f"{command} ended with status {process.returncode}:\n{tail}")


def _measure(arguments: Sequence[str]) -> tuple[int, Usage]:
    """Run a program and what it leaves behind to their ends; return its exit status and what all used."""
    if _LINUX:  # what outlives its parent becomes our child, so that its usage is counted
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.perf_counter()
    process = subprocess.Popen(arguments)
    with _Watched(process.pid) as watched:
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime + _cpu_of_orphans()
    peak = max(usage.ru_maxrss * _MAXRSS_BYTES, watched.peak_bytes)
    return process.returncode, Usage(cpu, wall, peak)


def _cpu_of_orphans() -> float:
    """Seconds of the processes that outlived the one that started them, once they have ended."""
    seconds = 0.0
    while _LINUX:
        try:
            _, _, usage = os.wait3(0)
        except ChildProcessError:
            break
        seconds += usage.ru_utime + usage.ru_stime
    return seconds


class _Watched:
    """Looks at the memory of a process and its descendants while it runs; not elsewhere than on Linux."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "_Watched":
        if _LINUX:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if _LINUX:
            self._thread.join()

    def _watch(self) -> None:
        wait = _SAMPLES_EVERY
        while not self._is_over.wait(wait):
            start = time.perf_counter()
            held = sum(map(_proportional_bytes, _with_descendants(self._pid)))
            self.peak_bytes = max(self.peak_bytes, held)
            wait = max(_SAMPLES_EVERY, _WAITS * (time.perf_counter() - start))


def _with_descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2]
        except OSError:  # it has ended
            continue
        children.setdefault(int(after_name.split()[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def _proportional_bytes(pid: int) -> int:
    """Resident memory of a process, pages shared with others divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    code, used = _measure(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(asdict(used)))
    sys.exit(code)
