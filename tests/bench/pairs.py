"""Time and memory of counting pairs of products, on a built warehouse's orders multiplied.

Usage: python -m tests.bench.pairs WAREHOUSE [COPIES]. Copies are orders of their own.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.measure import run_child

HERE = Path(__file__).resolve().parent
MEMORY_LIMIT = "1GB"
PREPARE = """
import json, sys, duckdb
plan, warehouse, database, copies = json.load(open(sys.argv[1])), *sys.argv[2:]
with duckdb.connect(database) as connection:
    connection.execute(f"attach '{warehouse}' as given (read_only)")
    for table in plan["given"]:
        connection.execute(f"create schema if not exists {table['schema']}")
        connection.execute(
            f"create table {table['relation']} as "
            "select * replace (order_id || '-' || copy as order_id) "
            f"from given.{table['schema']}.{table['name']} cross join range({copies}) as copies (copy)"
        )
"""
COUNT = f"""
import json, sys, duckdb
plan = json.load(open(sys.argv[1]))
with duckdb.connect(sys.argv[2]) as connection:
    for name, value in {{**plan["settings"], "memory_limit": "{MEMORY_LIMIT}"}}.items():
        connection.execute(f"set {{name}} = '{{value}}'")
    for step in plan["steps"]:
        for statement in step["statements"]:
            connection.execute(statement)
    print(connection.execute(f"select count(*) from {{plan['steps'][-1]['relation']}}").fetchone()[0])
"""


def main() -> None:
    """Measure and print a Markdown table."""
    warehouse = Path(sys.argv[1]).resolve()
    copies = sys.argv[2] if len(sys.argv) > 2 else "10"
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        log, plan, database = folder / "log", folder / "pairs.json", folder / "bench.duckdb"
        run_child([sys.executable, HERE / "plan.py", "pairs", folder], log=log)
        run_child([sys.executable, "-c", PREPARE, plan, warehouse, database, copies], log=log)
        usage = run_child([sys.executable, "-c", COUNT, plan, database], log=log)
        pairs = log.read_text(encoding="utf-8").split()[-1]
    sys.stdout.write(
        "| copies of the orders | pairs | wall s | CPU s | peak MB |\n|---|---|---|---|---|\n"
        f"| {copies} | {pairs} | {usage.wall_seconds:.1f} | {usage.cpu_seconds:.1f} "
        f"| {usage.peak_bytes / 1e6:,.0f} |\n"
    )


if __name__ == "__main__":
    main()
