"""The insights report says what the marts say, in the form of its schema."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from regulars.insights_report import (
    InvalidReportError,
    check_report,
    render_report,
    report_schema,
)
from regulars.warehouse import open_read_only
from tests.unit.published import change, make_published


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_published(tmp_path / "shop.duckdb")


def rendered(database: Path) -> dict[str, Any]:
    with open_read_only(database) as connection:
        return json.loads(render_report(connection))


def test_the_schema_is_one_and_has_no_host() -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:regulars:")


def test_every_object_of_the_schema_is_closed_and_whole() -> None:
    def objects(part: object) -> list[dict[str, Any]]:
        if isinstance(part, list):
            return [found for item in part for found in objects(item)]
        if not isinstance(part, dict):
            return []
        own = [part] if part.get("type") == "object" else []
        return own + [found for value in part.values() for found in objects(value)]

    found = objects(report_schema())
    assert len(found) >= 10
    for part in found:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


def test_the_report_says_where_it_comes_from(database: Path) -> None:
    meta = rendered(database)["meta"]
    assert meta.pop("regulars_version")
    assert meta == {
        "schema_version": "1.0",
        "as_of_date": "2011-12-10",
        "currency": "GBP",
        "generated_from": {
            "source_files": ["a.csv", "b.csv"],
            "row_count": 9,
            "order_count": 3,
            "customer_count": 2,
            "gross_revenue": 20.01,
            "revenue": 15.51,
        },
    }


def test_alerts_and_opportunities_are_in_their_order(database: Path) -> None:
    report = rendered(database)
    assert [alert["alert_id"] for alert in report["alerts"]] == ["silence", "return_rate"]
    assert [row["insight"] for row in report["insights"]] == [
        "win_back",
        "second_order",
        "cross_sell",
    ]
    assert [row["insight"] for row in report["opportunity_ranking"]] == [
        "win_back",
        "second_order",
        "cross_sell",
    ]
    assert report["portfolio_health"]["score"] == 50
    assert [row["component"] for row in report["portfolio_health"]["components"]] == [
        "repeat_customers",
        "revenue_at_risk",
    ]
    assert report["portfolio_health"]["components"][1]["score"] is None


def test_money_is_rounded_to_two_places_and_other_numbers_are_not(database: Path) -> None:
    change(database, "update alerts set baseline = 0.12345 where unit = 'ratio'")
    report = rendered(database)
    silence, returns = report["alerts"]
    assert (silence["value"], silence["amount_at_stake"]) == (1234.57, 1234.57)
    assert (returns["value"], returns["baseline"]) == (0.12, 0.12345)
    assert returns["amount_at_stake"] is None
    assert report["insights"][0]["expected_value"] == 30.13
    assert report["insights"][1]["expected_value_per_customer"] == 1.01


def test_the_summary_adds_up_what_the_report_lists(database: Path) -> None:
    summary = rendered(database)["summary"]
    assert summary == {
        "alerts": {
            "red_count": 1,
            "amber_count": 1,
            "sentence": "2 alerts: 1 red, 1 amber.",
        },
        "alert_checks": {
            "red_count": 1,
            "amber_count": 1,
            "green_count": 1,
            "not_checked_count": 1,
            "sentence": "3 of 4 rules could be checked; 1 found nothing.",
        },
        "top_opportunity": {
            "insight": "win_back",
            "title": "Win back",
            "customer_count": 1,
            "expected_value": 30.13,
            "sentence": "Win back: 1 customer, GBP 30.13 expected.",
        },
        "expected_value": {
            "opportunity_count": 2,
            "customer_count": 11,
            "total": 40.18,
            "low": 15.0,
            "high": 80.5,
            "sentence": "Expected of 2 opportunities for 11 customers: GBP 40.18; between 15.00 and 80.50 "
            "if all lie at the same end of their intervals.",
        },
    }


def test_a_quiet_shop_has_a_report_too(database: Path) -> None:
    change(
        database,
        "delete from alerts; delete from insights; update alert_checks set status = 'GREEN'",
    )
    report = rendered(database)
    assert report["alerts"] == report["insights"] == report["opportunity_ranking"] == []
    assert report["summary"]["top_opportunity"] is None
    assert report["summary"]["expected_value"]["total"] == 0
    assert report["summary"]["alerts"]["sentence"] == "0 alerts: 0 red, 0 amber."


def test_numbers_that_are_not_finite_are_null(database: Path) -> None:
    change(
        database,
        "update alerts set baseline = 'nan'; update insights set expected_value_per_customer = 'inf'",
    )
    report = rendered(database)
    assert [alert["baseline"] for alert in report["alerts"]] == [None, None]
    assert report["insights"][0]["expected_value_per_customer"] is None


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        (lambda report: report.update(extra=1), "$"),
        (lambda report: report.pop("summary"), "$"),
        (lambda report: report["alerts"][0].update(severity="GREEN"), "$.alerts[0].severity"),
        (lambda report: report["alerts"][0].update(unit="pounds"), "$.alerts[0].unit"),
        (lambda report: report["alerts"][0].update(value=None), "$.alerts[0].value"),
        (lambda report: report["alerts"][1].update(period_end="2011-13-01"), "$.alerts[1].period_end"),
        (lambda report: report["insights"][0].update(probability=1.5), "$.insights[0].probability"),
        (lambda report: report["insights"][0].update(effort="huge"), "$.insights[0].effort"),
        (lambda report: report["insights"][0].update(sentence=""), "$.insights[0].sentence"),
        (lambda report: report["portfolio_health"].update(score=101), "$.portfolio_health.score"),
        (lambda report: report["meta"].update(as_of_date="10/12/2011"), "$.meta.as_of_date"),
        (lambda report: report["meta"]["generated_from"].update(row_count=-1), "row_count"),
    ],
)  # fmt: skip
def test_what_the_schema_forbids_is_refused_with_its_place(
    database: Path, fault: Callable[[dict[str, Any]], None], place: str
) -> None:
    report = rendered(database)
    check_report(report)
    broken = copy.deepcopy(report)
    fault(broken)
    with pytest.raises(InvalidReportError) as refused:
        check_report(broken)
    assert place in str(refused.value)
