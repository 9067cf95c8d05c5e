"""Child of the benchmark: the project's compiled SQL as a list of steps to run without dbt.

Run as a program: ``python plan.py features FOLDER AS_OF_DATE...``, ``python plan.py
segmentations FOLDER`` or ``python plan.py pairs FOLDER``. The first loads the seeds into ``FOLDER/bench.duckdb`` with dbt, compiles the
ancestors of customer_features once with the default vars and once with the dates as var
feature_as_of_dates, and writes ``one_date.json`` and ``all_dates.json`` beside the database. The
second compiles the way from int_cluster_inputs to customer_clusters, the third that from the
products and categories of orders to pairs of products; they write ``segmentations.json`` and
``pairs.json``.
"""

import json
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
DATABASE_NAME = "bench.duckdb"  # relation names begin with its stem
FEATURES = "model.regulars.customer_features"
# part: the model that it ends with, and those that it begins with
PARTS = {
    "segmentations": (
        "model.regulars.customer_clusters",
        ("model.regulars.int_cluster_inputs", "model.regulars.int_as_of_dates"),
    ),
    "pairs": (
        "model.regulars.int_product_pairs",
        ("model.regulars.int_basket_products", "model.regulars.int_basket_categories"),
    ),
}


def make_feature_plans(folder: Path, feature_dates: Sequence[str]) -> None:
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
        steps = _steps(_nodes(folder), FEATURES)
        _write(folder / f"{name}.json", {"steps": steps})


def make_part_plan(part: str, folder: Path) -> None:
    """Write the plan of a part; its `given` relations must be there.

    Args:
        part: Key of PARTS.
        folder: Where it goes.

    Raises:
        RuntimeError: dbt failed.
    """
    os.environ["REGULARS_WAREHOUSE"] = str(folder / DATABASE_NAME)
    target, begin = PARTS[part]
    _run_dbt("compile", "-s", f"+{target.rpartition('.')[-1]}", folder=folder)
    nodes = _nodes(folder)
    steps = _steps(nodes, target, given=begin)
    made = {step["name"] for step in steps}
    read = {
        parent
        for node in nodes.values()
        if node["name"] in made and node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
    }
    given = [
        {key: nodes[parent][of] for key, of in _OF_GIVEN.items()}
        for parent in sorted(read)
        if nodes[parent]["name"] not in made
    ]
    _write(folder / f"{part}.json", {"given": given, "steps": steps})


_OF_GIVEN = {"name": "name", "schema": "schema", "relation": "relation_name"}


def _write(target: Path, plan: Mapping[str, Any]) -> None:
    text = json.dumps({"settings": _duckdb_settings(), **plan}, indent=1)
    target.write_text(text, encoding="utf-8")


def _nodes(folder: Path) -> dict[str, dict[str, Any]]:
    return json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]


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
    environment = jinja2.Environment(autoescape=False)
    environment.filters["as_number"] = int
    profiles = yaml.safe_load(environment.from_string(text).render(env_var=os.environ.get))
    output = profiles["regulars"]["outputs"][profiles["regulars"]["target"]]
    # config_options go with the file, which dbt has made
    return output.get("settings", {})


def _steps(
    nodes: Mapping[str, Any], target: str, *, given: Collection[str] = ()
) -> list[dict[str, Any]]:
    """List the models that the target is made of, each after those that it reads, but the given."""
    steps: dict[str, dict[str, Any]] = {}

    def visit(unique_id: str) -> None:
        node = nodes[unique_id]
        for parent in node["depends_on"].get("nodes", []):
            if parent not in steps and parent not in given:
                visit(parent)
        if node["resource_type"] == "model":
            steps[unique_id] = _step(node)

    visit(target)
    return list(steps.values())


def _step(node: Mapping[str, Any]) -> dict[str, Any]:
    relation, sql = node["relation_name"], node["compiled_code"]
    kind = node["config"]["materialized"]
    step = {"name": node["name"], "relation": relation, "kind": kind}
    schema = f"create schema if not exists {node['schema']}"
    if node["language"] == "python":
        return step | {
            "kind": "python",
            "statements": [schema],
            "path": node["original_file_path"],
            "meta": node["config"]["meta"],
        }
    if kind == "view":
        statements = [f"create view {relation} as ({sql})"]
    elif kind not in ("table", "refreshed"):
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
    part, place, *dates = sys.argv[1:]
    match part:
        case "features":
            make_feature_plans(Path(place), dates)
        case _:
            make_part_plan(part, Path(place))
