"""Child of the benchmark: the project's compiled SQL as a list of steps to run without dbt.

Run as a program: ``python plan.py FOLDER AS_OF_DATE...``. It loads the seeds into
``FOLDER/bench.duckdb`` with dbt, compiles the ancestors of customer_features once with the default
vars and once with the dates as var feature_as_of_dates, and writes ``one_date.json`` and
``all_dates.json`` beside the database.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
DATABASE_NAME = "bench.duckdb"  # relation names begin with its stem
TARGET_MODEL = "model.regulars.customer_features"


def make_plans(folder: Path, feature_dates: Sequence[str]) -> None:
    """Write the database with the seeds, and the two plans.

    Args:
        folder: Where they go.
        feature_dates: Dates (YYYY-MM-DD) of the second plan, besides the scoring date.

    Raises:
        RuntimeError: dbt failed.
    """
    os.environ["REGULARS_WAREHOUSE"] = str(folder / DATABASE_NAME)
    _run_dbt("seed", folder=folder)
    for name, dates in (("one_date", []), ("all_dates", list(feature_dates))):
        _run_dbt(
            "compile",
            "-s",
            "+customer_features",
            "--vars",
            json.dumps({"feature_as_of_dates": dates}),
            folder=folder,
        )
        manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
        plan = {"settings": _duckdb_settings(), "steps": _steps(manifest)}
        (folder / f"{name}.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")


def _run_dbt(*arguments: str, folder: Path) -> None:
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    result = dbtRunner().invoke(["--quiet", "--no-use-colors", *arguments, *places])
    if not result.success:
        raise RuntimeError(f"dbt {arguments[0]} failed") from result.exception


def _duckdb_settings() -> dict[str, Any]:
    import jinja2
    import yaml

    text = (PROJECT / "profiles.yml").read_text(encoding="utf-8")
    profiles = yaml.safe_load(jinja2.Template(text).render(env_var=os.environ.get))["regulars"]
    output = profiles["outputs"][profiles["target"]]
    return {**output.get("config_options", {}), **output.get("settings", {})}


def _steps(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the models that the target is made of, each after those that it reads."""
    steps: dict[str, dict[str, Any]] = {}

    def visit(unique_id: str) -> None:
        node = manifest["nodes"][unique_id]
        for parent in node["depends_on"].get("nodes", []):
            if parent not in steps:
                visit(parent)
        if node["resource_type"] == "model":
            steps[unique_id] = _step(node)

    visit(TARGET_MODEL)
    return list(steps.values())


def _step(node: Mapping[str, Any]) -> dict[str, Any]:
    relation, sql = node["relation_name"], node["compiled_code"]
    kind = node["config"]["materialized"]
    step = {"name": node["name"], "relation": relation, "kind": kind}
    schema = f"create schema if not exists {node['schema']}"
    if node["language"] == "python":
        if node["name"] != "py_raw_transactions":
            raise NotImplementedError(f"the benchmark can't run the Python model {node['name']}")
        return step | {
            "kind": "python",
            "statements": [schema],
            "reading": node["config"]["meta"]["reading"],
        }
    if kind == "view":
        statements = [f"create view {relation} as ({sql})"]
    elif kind != "table":
        raise NotImplementedError(f"the benchmark can't make {node['name']}, which is {kind}")
    elif node["config"]["contract"]["enforced"]:
        # as dbt does: the table with its constraints, then the rows
        names = ", ".join(node["columns"])
        statements = [
            f"create table {relation} ({', '.join(_definitions(node))})",
            f"insert into {relation} ({names}) (select {names} from ({sql}) as model_subq)",
        ]
    else:
        statements = [f"create table {relation} as ({sql})"]
    return step | {"statements": [schema, *statements]}


def _definitions(node: Mapping[str, Any]) -> list[str]:
    columns = [
        " ".join([column["name"], column["data_type"], *map(_constraint, column["constraints"])])
        for column in node["columns"].values()
    ]
    return columns + [_constraint(constraint) for constraint in node["constraints"]]


def _constraint(constraint: Mapping[str, Any]) -> str:
    columns = f" ({', '.join(constraint['columns'])})" if constraint.get("columns") else ""
    match constraint["type"]:
        case "not_null":
            return "not null"
        case "check":
            return f"check ({constraint['expression']})"
        case "primary_key":
            return f"primary key{columns}"
        case "unique":
            return f"unique{columns}"
    raise NotImplementedError(f"the benchmark knows no constraint {constraint['type']}")


if __name__ == "__main__":
    make_plans(Path(sys.argv[1]), sys.argv[2:])
