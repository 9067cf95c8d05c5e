"""The house of alerts: each has one model, one row of the seed and one section of the documentation."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

FOLDER = ROOT / "models/marts/insights/alerts"


def rules() -> list[dict[str, str]]:
    with (ROOT / "seeds/insights/alert_rules.csv").open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_each_alert_has_one_model_one_rule_one_section_and_is_collected() -> None:
    keys = sorted(rule["alert"] for rule in rules())
    assert len(keys) == len(set(keys)) >= 13
    assert sorted(path.stem.removeprefix("alert_") for path in FOLDER.glob("*.sql")) == keys
    docs = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (\w+)$", docs, re.M)) == keys
    collected = (ROOT / "models/intermediate/insights/int_alert_measurements.sql").read_text(
        encoding="utf-8"
    )
    assert re.findall(r'^    "(\w+)",$', collected, re.M) == keys


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_each_rule_is_sound_and_explained(rule: dict[str, str]) -> None:
    warn, critical = float(rule["warn_threshold"]), float(rule["critical_threshold"])
    assert warn < critical if rule["comparison"] == "above" else warn > critical
    docs = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    section = docs.split(f"## {rule['alert']}\n")[1].split("\n## ")[0]
    for part in ("**Means:**", "**Why flagged:**", "**What to do:**"):
        assert part in section
    sql = (FOLDER / f"alert_{rule['alert']}.sql").read_text(encoding="utf-8")
    assert f'alert_rule("{rule["alert"]}")' in sql
    assert ("rule.window_days" in sql) == bool(rule["window_days"])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_each_alert_is_tested_on_both_sides_of_its_threshold(rule: dict[str, str]) -> None:
    tests = yaml.safe_load((FOLDER / "_alerts__unit_tests.yml").read_text(encoding="utf-8"))
    severities = {
        row["severity"]
        for test in tests["unit_tests"]
        if test["model"] == f"alert_{rule['alert']}"
        for row in test["expect"]["rows"]
    }
    assert "GREEN" in severities
    assert severities & {"AMBER", "RED"}


SENTENCES = [
    *sorted(FOLDER.glob("*.sql")),
    ROOT / "models/intermediate/insights/int_opportunity_customers.sql",
    ROOT / "models/marts/insights/insights.sql",
    ROOT / "models/marts/insights/alert_checks.sql",
]


@pytest.mark.parametrize("path", SENTENCES, ids=lambda path: path.stem)
def test_no_number_is_written_in_a_sentence(path: Path) -> None:
    """Numbers come from the row; the horizons that column names carry (90d, 30d) are the exception."""
    sql = re.sub(r"--.*|\{#.*?#\}", "", path.read_text(encoding="utf-8"))
    # a text with an apostrophe is an argument of text_literal, in double quotes; other words in them are Jinja's
    quoted = re.findall(r"""'((?:[^']|'')*)'|text_literal\(\s*"([^"]*)"|"[^"]*\"""", sql)
    texts = [text for pair in quoted for text in pair if " " in text]
    assert texts or "concat(" not in sql
    left = [re.sub(r"\b(90|30) days|:00 \(|:00,", "", text) for text in texts]
    assert [text for text in left if re.search(r"\d", text)] == []
