"""Time of taking in a new month, against building everything from nothing.

Usage: python -m tests.bench.refresh FOLDER COPIES SELECTION... (lines, customers). The folder holds Parquet files of UCI's columns; they are
multiplied (see `inputs.py`) and split by month. The last month is left out, for it is seldom a whole one; the one
before it is the new month. Every measurement is a process of dbt: `dbt run` on a warehouse that holds the seeds.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import Usage, run_child

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
SELECTIONS = {
    "lines": ("+order_lines", "+orders", "+returns", "+set_aside_rows"),
    "customers": (
        *("+order_lines", "+orders", "+returns", "+set_aside_rows"),
        *("+customer_features", "+customer_segments"),
    ),
}


def dbt(command: str, folder: Path, *models: str) -> Usage:
    """Run dbt on the warehouse and the files of a folder."""
    variables = json.dumps({"transactions_path": [str(folder / "files")]})
    return run_child(
        [
            *(Path(sys.executable).with_name("dbt"), command, "--profiles-dir", PROJECT),
            *("--vars", variables, *(("--select", *models) if models else ())),
        ],
        log=folder / "log",
        cwd=PROJECT,
        env={
            "REGULARS_WAREHOUSE": str(folder / "shop.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "target"),
        },
    )


def measure(months: list[Path], folder: Path, *models: str) -> dict[str, Usage]:
    """Build without the last month, refresh with it, refresh with nothing new, and build from nothing."""
    (folder / "files").mkdir(parents=True)
    for month in months[:-1]:
        shutil.copy2(month, folder / "files")
    dbt("seed", folder)
    seeded = folder / "seeded"
    shutil.copy(folder / "shop.duckdb", seeded)
    dbt("run", folder, *models)
    shutil.copy2(months[-1], folder / "files")
    found = {"refresh": dbt("run", folder, *models), "nothing new": dbt("run", folder, *models)}
    shutil.copy(seeded, folder / "shop.duckdb")
    return found | {"from nothing": dbt("run", folder, *models)}


def main() -> None:
    """Measure and print a Markdown table."""
    data = Path(sys.argv[1]).resolve()
    copies, *names = sys.argv[2:]
    heads = ("size", "models", "run", "CPU s", "wall s", "share of CPU", "share of wall")
    sys.stdout.write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        log, multiplied, split = folder / "log", folder / "multiplied", folder / "months"
        multiplied.mkdir()
        sources = sorted(data.glob("*.parquet"))
        inputs = [sys.executable, HERE / "inputs.py"]
        run_child([*inputs, "multiply", multiplied, copies, *sources], log=log)
        run_child([*inputs, "split", split, *sorted(multiplied.iterdir())], log=log)
        months = sorted(split.iterdir())[:-1]
        for name in names:
            usages = measure(months, folder / name, *SELECTIONS[name])
            full = usages["from nothing"]
            for key, usage in usages.items():
                sys.stdout.write(
                    f"| x{copies} | {name} | {key} | {usage.cpu_seconds:.1f} "
                    f"| {usage.wall_seconds:.1f} | {usage.cpu_seconds / full.cpu_seconds:.0%} "
                    f"| {usage.wall_seconds / full.wall_seconds:.0%} |\n"
                )
            sys.stdout.flush()
            shutil.rmtree(folder / name)


if __name__ == "__main__":
    main()
