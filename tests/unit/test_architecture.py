"""The house: dbt Python models are thin, and settings and documents name things that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

# what a dbt Python model may import: methods and workflows, not doors or faces (see .importlinter)
METHODS = {
    "regulars.anomalies.customers",
    "regulars.anomalies.revenue",
    "regulars.baskets.backtest",
    "regulars.baskets.recommend",
    "regulars.baskets.rules",
    "regulars.baskets.significance",
    "regulars.clustering",
    "regulars.decomposition",
    "regulars.ingest",
    "regulars.predictions.batches",
    "regulars.predictions.documents",
    "regulars.predictions.score",
    "regulars.predictions.settings",
    "regulars.processes",
    "regulars.simulate",
    "regulars.threads",
    "regulars.trends",
}
PYTHON_MODELS = sorted((ROOT / "python_models").rglob("*.py"))
PROJECT = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PYTHON_MODELS, ids=lambda path: path.stem)
def test_python_models_are_thin_and_use_methods_and_workflows_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in imported if name.startswith("regulars")} <= METHODS
    first = [node for node in tree.body if not isinstance(node, ast.Expr)][:2]
    assert ast.unparse(first[0]) == "from regulars.threads import importing"
    assert ast.unparse(first[1]).startswith("with importing():")
    assert not [node for node in tree.body[3:] if isinstance(node, ast.Import | ast.ImportFrom)]
    model = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "model"
    )
    assert model.end_lineno - model.lineno <= 25


def test_every_var_is_read_somewhere_and_every_var_read_is_declared() -> None:
    declared = set(yaml.safe_load(PROJECT)["vars"])
    files = [
        path
        for folder in ("models", "macros", "python_models", "tests/singular")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".sql", ".yml"}
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    read = set(re.findall(r"var\(\s*['\"](\w+)['\"]\s*\)", text))
    # money is printed with it, from the settings that the build records
    assert read | {"currency"} == declared


def test_every_var_has_a_comment_and_a_row_in_the_readme() -> None:
    lines = PROJECT.split("\nvars:\n")[1].split("\nmodels:")[0].splitlines()
    for name in yaml.safe_load(PROJECT)["vars"]:
        line = next(line for line in lines if line.startswith(f"  {name}:"))
        assert " # " in line, name
        assert f"| `{name}` |" in README, name


def test_the_build_records_every_var_but_paths_and_the_sample() -> None:
    sql = (ROOT / "models/marts/quality/build_settings.sql").read_text(encoding="utf-8")
    recorded = set(re.findall(r'"(\w+)"', sql.split("] %}")[0]))
    declared = set(yaml.safe_load(PROJECT)["vars"])
    left_out = {"transactions_path", "transactions_relation"} | {
        name for name in declared if name.startswith("sample_")
    }
    assert recorded == declared - left_out


def test_the_places_that_the_readme_names_exist() -> None:
    table = README.split("## Where is")[1].split("\n## ")[0]
    paths = re.findall(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:yml|md|toml))`", table)
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_sql_model_states_its_grain_first() -> None:
    for path in sorted((ROOT / "models").rglob("*.sql")):
        first = next(
            line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("-- ")
        )
        assert first.startswith("-- Grain:"), path.name


@pytest.mark.parametrize(
    "word",
    ["qualify", "group by all", "pivot", "* exclude", "union by name", "current_date", "mode\\("],
)
def test_the_sql_keeps_to_the_form_that_spark_shares(word: str) -> None:
    for path in [*(ROOT / "models").rglob("*.sql"), *(ROOT / "analyses").rglob("*.sql")]:
        sql = re.sub(r"--.*", "", path.read_text(encoding="utf-8")).lower()
        assert not re.search(rf"(?<![\w_]){word.replace('*', chr(92) + '*')}", sql), (
            f"{word} in {path.name}"
        )
