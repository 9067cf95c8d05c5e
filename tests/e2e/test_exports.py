"""The files of a whole build hold what its marts hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from regulars.exports import file_name_of
from regulars.insights_report import check_report
from tests.conftest import Build, run_regulars
from tests.tables import table_names


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, strict=True))


def test_the_summary_names_the_files_and_their_rows(sample: Build) -> None:
    manifest = json.loads((sample.outputs / "manifest.json").read_text(encoding="utf-8"))
    assert sample.summary["outputs"] == str(sample.outputs)
    assert sample.summary["files"] == manifest["files"]
    assert all((sample.outputs / file["name"]).is_file() for file in manifest["files"])


def test_each_of_the_eleven_segments_has_its_audience(sample: Build) -> None:
    segments = [
        segment for (segment,) in sample.query("select distinct segment from segment_profiles")
    ]
    assert len(segments) == 11
    columns = [
        name for (name,) in sample.query("select column_name from (describe campaign_audiences)")
    ]
    latest = "wave = (select max_by(wave, wave_date) from campaign_audiences)"
    for segment in segments:
        path = sample.outputs / "campaigns" / file_name_of(segment)
        name = segment.replace("'", "''")
        expected = sample.query(
            f"select customer_id, priority, expected_value from campaign_audiences where {latest} "
            f"and segment = '{name}' order by priority nulls last, customer_id"
        )
        found = read(path)
        assert [row["customer_id"] for row in found] == [row[0] for row in expected]
        assert [row["expected_value"] for row in found] == [
            "" if row[2] is None else str(row[2]) for row in expected
        ]
        header = path.read_bytes().split(b"\r\n", 1)[0].decode()
        assert header == ",".join(columns)


@pytest.mark.parametrize("name", ["campaigns/ml_scored_customers.csv", "customer_segments.csv"])
def test_every_customer_is_in_the_lists(sample: Build, name: str) -> None:
    found = read(sample.outputs / name)
    assert [row["customer_id"] for row in found] == [
        customer for (customer,) in sample.query("select customer_id from customers order by 1")
    ]
    segments = dict(sample.query("select customer_id, segment from customer_segments"))
    assert {row["customer_id"]: row["segment"] for row in found} == segments
    if "scored" in name:
        scores = sample.query("select clv_90d from customer_scores order by customer_id")
        assert [float(row["clv_90d"]) for row in found] == [clv for (clv,) in scores]


def test_parquet_holds_each_mart(sample: Build) -> None:
    marts = table_names(sample.database)
    with duckdb.connect(str(sample.database), read_only=True) as connection:
        for mart in marts:
            file = f"'{sample.outputs}/parquet/{mart}.parquet'"
            for first, second in ((mart, file), (file, mart)):
                differing = connection.execute(
                    f"select count(*) from (from {first} except all from {second})"
                ).fetchone()
                assert differing == (0,), mart


def test_the_report_keeps_to_its_schema_and_agrees_with_the_marts(sample: Build) -> None:
    report = json.loads((sample.outputs / "insights_report.json").read_text(encoding="utf-8"))
    check_report(report)
    source = report["meta"]["generated_from"]
    assert source["row_count"] == sum(row["row_count"] for row in sample.summary["ledger"])
    assert source["order_count"] == sample.summary["order_count"]
    assert source["customer_count"] == sample.summary["customer_count"]
    assert source["revenue"] == round(float(sample.summary["revenue"]), 2)
    assert report["meta"]["as_of_date"] == sample.summary["as_of_date"]
    assert (
        report["portfolio_health"]["score"]
        == sample.query("select score from portfolio_health where component = 'overall'")[0][0]
    )
    severities = dict(sample.query("select severity, count(*) from alerts group by severity"))
    assert report["summary"]["alerts"]["red_count"] == severities.get("RED", 0)
    assert report["summary"]["alerts"]["amber_count"] == severities.get("AMBER", 0)
    assert len(report["alerts"]) == sum(severities.values())
    assert [row["insight"] for row in report["opportunity_ranking"]] == [
        insight
        for (insight,) in sample.query(
            "select insight from insights order by insight_rank, insight"
        )
    ]
    total = sample.query(
        "select coalesce(sum(expected_value), 0) from insights where customer_count > 0"
    )
    # each opportunity is rounded to two places before they are added up
    assert report["summary"]["expected_value"]["total"] == pytest.approx(
        float(total[0][0]), abs=0.1
    )


def test_a_second_export_has_the_same_bytes(sample: Build, tmp_path: Path) -> None:
    finished = run_regulars(
        *("export", "--db", sample.database, "--out", tmp_path / "again", "--json"),
        target=tmp_path / "target",
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["files"] == sample.summary["files"]


def test_a_shop_too_young_for_models_exports_too(small_shop: Build) -> None:
    check_report(
        json.loads((small_shop.outputs / "insights_report.json").read_text(encoding="utf-8"))
    )
    assert (
        len(read(small_shop.outputs / "customer_segments.csv"))
        == small_shop.summary["customer_count"]
    )
