"""Child of the benchmark: the project's SQL outside dbt, from files to customer_features.

Run as a program: ``python sql_part.py PLAN.json DATABASE [--steps OUT.json] [--export FOLDER]
[--views] FILE...``.
"""

import argparse
import json
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from regulars.ingest import read_transactions


@dataclass(frozen=True)
class StepCost:
    """What a step took.

    Attributes:
        name: The model.
        kind: python, table or view; a view costs its readers, not itself.
        cpu_seconds: Of all threads of the process.
        wall_seconds: Elapsed.
    """

    name: str
    kind: str
    cpu_seconds: float
    wall_seconds: float


def run_plan(
    connection: duckdb.DuckDBPyConnection, plan: Mapping[str, Any], files: Sequence[str]
) -> list[StepCost]:
    """Make every relation of a plan.

    Args:
        connection: To a database that holds the seeds and nothing else.
        plan: As `plan.py` writes it.
        files: The transactions, earliest first.

    Returns:
        The cost of each step, in order.
    """
    for name, value in plan["settings"].items():
        connection.execute(f"set {name} = '{value}'")
    costs = []
    for step in plan["steps"]:
        cpu, wall = _cpu_seconds(), time.perf_counter()
        for statement in step["statements"]:
            connection.execute(statement)
        if step["name"] == "py_raw_transactions":
            rows = read_transactions(connection, files, **step["meta"]["reading"])
            connection.register("raw_rows", rows)
            connection.execute(f"create table {step['relation']} as select * from raw_rows")
            connection.unregister("raw_rows")
        costs.append(
            StepCost(step["name"], step["kind"], _cpu_seconds() - cpu, time.perf_counter() - wall)
        )
    return costs


def cost_views(connection: duckdb.DuckDBPyConnection, plan: Mapping[str, Any]) -> list[StepCost]:
    """Evaluate each view of a finished plan once, on its own."""
    costs = []
    for step in plan["steps"]:
        if step["kind"] == "view":
            cpu, wall = _cpu_seconds(), time.perf_counter()
            connection.execute(f"create temporary table result as from {step['relation']}")
            costs.append(
                StepCost(
                    f"({step['name']} on its own)",
                    "view",
                    _cpu_seconds() - cpu,
                    time.perf_counter() - wall,
                )
            )
            connection.execute("drop table result")
    return costs


def export(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write the features of the scoring date and the category of each product, for the check."""
    features = (
        "from customer_features "
        "where as_of_date = (select max(as_of_date) from customer_features) order by customer_id"
    )
    categories = "select stock_code, category from main_intermediate.int_products"
    for name, query in (("sql", features), ("categories", categories)):
        connection.execute(f"copy ({query}) to '{folder / name}.parquet' (format parquet)")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    parser.add_argument("database")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--steps", type=Path, help="where to write the cost of each step")
    parser.add_argument("--export", type=Path, help="folder for what the check needs")
    parser.add_argument("--views", action="store_true", help="cost the views on their own too")
    options = parser.parse_args()
    plan = json.loads(options.plan.read_text(encoding="utf-8"))
    with duckdb.connect(options.database) as connection:
        costs = run_plan(connection, plan, options.files)
        if options.views:
            costs += cost_views(connection, plan)
        if options.export:
            export(connection, options.export)
    if options.steps:
        options.steps.write_text(json.dumps([asdict(cost) for cost in costs]), encoding="utf-8")


if __name__ == "__main__":
    main()
