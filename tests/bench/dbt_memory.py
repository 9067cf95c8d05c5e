"""Run dbt and write down the largest resident set while each node was made.

Usage: python -m tests.bench.dbt_memory FILE ARGUMENT... (dbt's). FILE becomes JSON, bytes by name of the node. Nodes must
be made one at a time; what DuckDB keeps of earlier ones counts, processes that a model starts do not. Linux only: elsewhere
FILE is empty of nodes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg

_PROCESS = Path("/proc/self")
_RESET_PEAK = "5"


def main() -> None:
    """Do what the command line says; end with 1 if dbt failed."""
    out, *arguments = sys.argv[1:]
    peaks: dict[str, int] = {}

    def on_event(event: EventMsg) -> None:
        if not (_PROCESS / "clear_refs").exists():
            return
        if event.info.name == "NodeStart":
            (_PROCESS / "clear_refs").write_text(_RESET_PEAK)
        elif event.info.name == "NodeFinished":
            peaks[event.data.node_info.node_name] = _peak_bytes()

    result = dbtRunner(callbacks=[on_event]).invoke(arguments)
    if result.exception:
        sys.stderr.write(f"{result.exception}\n")
    Path(out).write_text(json.dumps(peaks), encoding="utf-8")
    sys.exit(not result.success)


def _peak_bytes() -> int:
    lines = (_PROCESS / "status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
