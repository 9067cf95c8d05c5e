"""Child of the benchmark: the segmentations outside dbt, from int_cluster_inputs to customer_clusters.

Run as a program: ``python segmentations.py prepare PLAN.json WAREHOUSE DATABASE [CUSTOMERS]`` or
``python segmentations.py run PLAN.json DATABASE OUT.json [RECIPE]``.
"""

import importlib.util
import json
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import duckdb

PROJECT = Path(__file__).resolve().parents[2]
INPUTS = "int_cluster_inputs"
# what DuckDB may hold before it spills; Python's part of the fit comes on top
MEMORY_LIMIT = "1GB"
# features with more values than this are jittered in copies of customers; flags and scores are not
FEW_VALUES = 24
JITTER_SHARE = 0.1
# ru_maxrss is in bytes on macOS, in KiB elsewhere
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class StepCost:
    """What a model took, and the peak memory of the process up to its end."""

    name: str
    kind: str
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def prepare(
    plan: Mapping[str, Any], warehouse: Path, database: Path, customers: int | None
) -> None:
    """Write a database with what the plan's models read.

    Args:
        plan: As `plan.py` writes it.
        warehouse: Of a finished build.
        database: New file, of the name that the plan's relations begin with.
        customers: Copy the build's customers until there are so many; None leaves them as they are.
            Copies have ids of their own and values up to 10 % away from the original's.
    """
    with duckdb.connect(str(database)) as connection:
        _set(connection, plan)
        connection.execute(f"attach '{warehouse}' as {warehouse.stem} (read_only)")
        for given in plan["given"]:
            source = f"{warehouse.stem}.{given['schema']}.{given['name']}"
            connection.execute(f"create schema if not exists {given['schema']}")
            query = f"select * from {source}"
            if given["name"] == INPUTS and customers is not None:
                query = _copies(connection, source, customers)
            connection.execute(f"create table {given['relation']} as {query}")


def run(
    connection: duckdb.DuckDBPyConnection, plan: Mapping[str, Any], recipe: str | None
) -> list[StepCost]:
    """Make the plan's models, or for a single recipe its fit alone.

    Raises:
        RuntimeError: A customer has no label in a recipe.
    """
    _set(connection, plan)
    relations = {item["name"]: item["relation"] for item in [*plan["given"], *plan["steps"]]}
    # imports are not what is measured
    modules = {
        step["name"]: _module(PROJECT / step["path"])
        for step in plan["steps"]
        if step["kind"] == "python"
    }
    costs = []
    for step in plan["steps"]:
        cpu, wall = _cpu_seconds(), time.perf_counter()
        for statement in step["statements"]:
            connection.execute(statement)
        if step["kind"] == "python":
            rows = modules[step["name"]].model(
                _dbt(connection, step, relations, recipe), connection
            )
            connection.register("fitted_rows", rows)
            connection.execute(f"create table {step['relation']} as select * from fitted_rows")
            connection.unregister("fitted_rows")
        costs.append(
            StepCost(
                step["name"],
                step["kind"],
                _cpu_seconds() - cpu,
                time.perf_counter() - wall,
                _peak_bytes(),
            )
        )
        if step["kind"] == "python" and recipe is not None:
            return costs
    counts = f"""
        select
            (select count(*) from {relations["customer_clusters"]}),
            (select count(distinct customer_id) from {relations[INPUTS]})
            * (select count(*) from {relations["segmentation_recipes"]})
    """
    labels, expected = connection.execute(counts).fetchall()[0]
    if labels != expected:
        raise RuntimeError(f"{labels} labels instead of {expected}")
    return costs


def _copies(connection: duckdb.DuckDBPyConnection, source: str, customers: int) -> str:
    (known,) = connection.execute(
        f"select count(distinct customer_id) from {source}"
    ).fetchone() or (0,)
    copies = -(-customers // known)
    connection.execute(
        f"""
        create temporary table ranked as
        select customer_id, row_number() over (order by md5(customer_id)) - 1 as place
        from {source} where feature = 'recency_days';
        create temporary table jittered as
        select feature from {source} group by feature having count(distinct value) > {FEW_VALUES}
        """
    )
    return f"""
        select
            case when copy = 0 then customer_id else customer_id || '-' || copy end as customer_id,
            inputs.feature,
            case
                when copy = 0 or jittered.feature is null then value
                else value * (
                    1 + {JITTER_SHARE} * (
                        hash(customer_id, inputs.feature, copy) / 9223372036854775807.5 - 1
                    )
                )
            end as value
        from {source} as inputs
        inner join ranked using (customer_id)
        cross join (select unnest(range({copies})) as copy)
        left join jittered on inputs.feature = jittered.feature
        where copy * {known} + place < {customers}
        -- as DuckDB lays out a cross join: feature by feature for each vector of customers
        order by copy, place // 2048, inputs.feature, place
    """


def _dbt(
    connection: duckdb.DuckDBPyConnection,
    step: Mapping[str, Any],
    relations: Mapping[str, str],
    recipe: str | None,
) -> SimpleNamespace:
    """Stand in for what dbt hands to a Python model on a first build."""

    def ref(name: str) -> duckdb.DuckDBPyRelation:
        is_cut = name == "segmentation_recipes" and recipe is not None
        condition = f"where recipe = '{recipe}'" if is_cut else ""
        return connection.sql(f"select * from {relations[name]} {condition}")

    config = SimpleNamespace(meta_get=step["meta"].get)
    return SimpleNamespace(ref=ref, config=config, is_incremental=False, this=None)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _set(connection: duckdb.DuckDBPyConnection, plan: Mapping[str, Any]) -> None:
    for name, value in {**plan["settings"], "memory_limit": MEMORY_LIMIT}.items():
        connection.execute(f"set {name} = '{value}'")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES


def main() -> None:
    """Do what the command line says."""
    action, plan_file, *rest = sys.argv[1:]
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    match action:
        case "prepare":
            warehouse, database, *customers = rest
            count = int(customers[0]) if customers else None
            prepare(plan, Path(warehouse), Path(database), count)
        case "run":
            database, target, *recipe = rest
            with duckdb.connect(database) as connection:
                costs = run(connection, plan, recipe[0] if recipe else None)
                (inputs,) = [item for item in plan["given"] if item["name"] == INPUTS]
                query = f"select count(distinct customer_id) from {inputs['relation']}"
                customers = connection.execute(query).fetchall()[0][0]
            text = json.dumps({"customers": customers, "steps": [asdict(cost) for cost in costs]})
            Path(target).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
