"""Exports: what is on disk is what the marts hold, all of it or nothing new."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from regulars import exports
from regulars.errors import RegularsError
from regulars.exports import ExportError, export, file_name_of
from regulars.insights_report import InvalidReportError, check_report
from regulars.warehouse import NotBuiltError
from tests.conftest import run_regulars
from tests.unit.published import SEGMENTS, change, make_published

CAMPAIGNS = [
    "about_to_sleep", "at_risk", "cant_lose_them", "champions", "hibernating", "lost", "loyal_customers",
    "need_attention", "potential_loyalists", "promising", "recent_customers",
]  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return make_published(tmp_path / "shop.duckdb")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, hidden and temporary files too."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_each_segment_and_each_mart_has_its_file(database: Path, folder: Path) -> None:
    files = export(database, folder)
    with duckdb.connect(str(database), read_only=True) as connection:
        marts = [
            name
            for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()
        ]
    expected = [
        *(f"campaigns/{name}.csv" for name in CAMPAIGNS),
        "campaigns/ml_scored_customers.csv",
        "customer_segments.csv",
        "insights_report.json",
        *(f"parquet/{mart}.parquet" for mart in marts),
    ]
    assert [file.name for file in files] == sorted(expected)
    assert sorted(contents(folder)) == sorted([*expected, "manifest.json"])
    assert len(CAMPAIGNS) == len(SEGMENTS) == 11


def test_an_audience_is_the_latest_wave_in_order(database: Path, folder: Path) -> None:
    export(database, folder)
    rows = read(folder / "campaigns/cant_lose_them.csv")
    assert [(row["wave"], row["customer_id"], row["priority"]) for row in rows] == [
        ("winter", "12346", "1"),
        ("winter", "17850", "2"),
    ]
    assert rows[0]["is_suppressed"] == "true"


def test_hostile_texts_come_back_neutralised_or_as_they_were(database: Path, folder: Path) -> None:
    export(database, folder)
    first, second = read(folder / "campaigns/cant_lose_them.csv")
    assert first["suggested_products"] == "\u05e9\u05dc\u05d5\u05dd"
    assert first["message"] == "'-5 % today"
    assert second["suggested_products"] == "'=cmd|' /C calc'!A0; \"MUG\", LARGE"
    assert second["message"] == "two\nlines \U0001f49c"
    scored = read(folder / "campaigns/ml_scored_customers.csv")
    assert [row["churn_reason_1"] for row in scored] == ["", "'=1+1"]
    assert read(folder / "customer_segments.csv")[1]["monetary"] == "-12.5000"
    raw = (folder / "campaigns/cant_lose_them.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")


def test_an_empty_audience_is_a_header_only(database: Path, folder: Path) -> None:
    files = {file.name: file for file in export(database, folder)}
    # the only row of this segment is of an earlier wave
    assert files["campaigns/champions.csv"].rows == 0
    assert (folder / "campaigns/champions.csv").read_bytes() == (
        b"wave,is_draft,wave_date,customer_id,segment,priority,suggested_products,message,is_suppressed\r\n"
    )
    change(database, "delete from campaign_audiences")
    files = {file.name: file for file in export(database, folder)}
    assert {files[f"campaigns/{name}.csv"].rows for name in CAMPAIGNS} == {0}


def test_scores_and_segments_are_those_of_customer_360(database: Path, folder: Path) -> None:
    export(database, folder)
    scored = read(folder / "campaigns/ml_scored_customers.csv")
    assert list(scored[0]) == [
        "as_of_date", "customer_id", "segment", "churn_probability_90d", "clv_90d", "churn_reason_1",
        "value_reason_1",
    ]  # fmt: skip
    assert [(row["customer_id"], row["churn_probability_90d"]) for row in scored] == [
        ("12346", ""),
        ("17850", "0.25"),
    ]
    segments = read(folder / "customer_segments.csv")
    assert list(segments[0])[-2:] == ["rfm_score", "cluster_auto"]
    assert [row["segment"] for row in segments] == ["Champions", "Can't Lose Them"]


def test_parquet_holds_the_marts_in_the_order_of_their_keys(database: Path, folder: Path) -> None:
    export(database, folder)
    customers = pq.read_table(folder / "parquet/customer_360.parquet")
    assert customers["customer_id"].to_pylist() == ["12346", "17850"]
    orders = pq.read_table(folder / "parquet/orders.parquet")
    assert orders["order_id"].to_pylist() == ["A1", "A1", "B2"]


def test_rows_on_disk_are_those_of_the_manifest(database: Path, folder: Path) -> None:
    files = export(database, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == [vars(file) for file in files]
    for file in files:
        path = folder / file.name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        if path.suffix == ".csv":
            assert len(read(path)) == file.rows
        elif path.suffix == ".parquet":
            assert pq.read_metadata(path).num_rows == file.rows
        else:
            assert file.rows is None
    check_report(json.loads((folder / "insights_report.json").read_text(encoding="utf-8")))


def test_the_same_database_gives_the_same_bytes(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "one")
    export(database, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_failure_at_any_file_leaves_the_last_export_whole(
    database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [file.name for file in export(database, folder)]
    before = contents(folder)
    change(
        database,
        "delete from customer_360; delete from alerts; insert into orders values ('C3', 1, 1)",
    )
    write = exports._write
    for failing in names:

        def fail(
            staging: Path, name: str, writer: exports.Writer, failing: str = failing
        ) -> exports.ExportedFile:
            if name == failing:
                (staging / name).parent.mkdir(parents=True, exist_ok=True)
                (staging / name).write_bytes(b"half of")
                raise OSError("disk full")
            return write(staging, name, writer)

        monkeypatch.setattr(exports, "_write", fail)
        with pytest.raises(ExportError, match="disk full"):
            export(database, folder)
        assert contents(folder) == before
    monkeypatch.setattr(exports, "_write", write)
    export(database, folder)
    assert contents(folder) != before


def test_a_folder_that_cannot_be_made_is_named(database: Path, tmp_path: Path) -> None:
    taken = tmp_path / "outputs"
    taken.write_bytes(b"a file")
    with pytest.raises(ExportError, match=r"cannot be written to .*outputs"):
        export(database, taken)
    assert taken.read_bytes() == b"a file"


def test_a_report_that_breaks_its_schema_replaces_nothing(database: Path, folder: Path) -> None:
    export(database, folder)
    before = contents(folder)
    change(database, "update alerts set severity = 'PINK' where alert_id = 'silence'")
    with pytest.raises(InvalidReportError, match="severity"):
        export(database, folder)
    assert contents(folder) == before


def test_files_that_are_no_longer_made_are_removed(database: Path, folder: Path) -> None:
    change(
        database,
        "create table old_mart as select 1 as a; create table edited_mart as select 1 as a",
    )
    export(database, folder)
    own = folder / "parquet/mine.parquet"
    own.write_bytes(b"mine")
    (folder / "parquet/edited_mart.parquet").write_bytes(b"somebody's work")
    change(database, "drop table old_mart; drop table edited_mart")
    export(database, folder)
    assert not (folder / "parquet/old_mart.parquet").exists()
    assert own.read_bytes() == b"mine"
    assert (folder / "parquet/edited_mart.parquet").read_bytes() == b"somebody's work"


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", '{"files": [{"name": "../outside.csv", "sha256": "HASH"}]}', '{"files": [{"name": "/ABSOLUTE", "sha256": "HASH"}]}'],
)  # fmt: skip
def test_a_manifest_removes_nothing_outside_its_folder(
    database: Path, folder: Path, tmp_path: Path, manifest: str
) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_bytes(b"keep")
    folder.mkdir()
    text = manifest.replace("HASH", hashlib.sha256(b"keep").hexdigest())
    (folder / "manifest.json").write_text(text.replace("/ABSOLUTE", str(outside)), encoding="utf-8")
    export(database, folder)
    assert outside.read_bytes() == b"keep"


def test_a_missing_mart_is_named(database: Path, folder: Path) -> None:
    change(database, "drop table campaign_audiences; drop table alerts")
    with pytest.raises(
        NotBuiltError, match="no mart alerts, campaign_audiences; run `regulars build`"
    ):
        export(database, folder)
    assert contents(folder) == {}


@pytest.mark.parametrize(
    ("segment", "name"),
    [
        ("Can't Lose Them", "cant_lose_them.csv"),
        ("Clients fid\u00e8les", "clients_fideles.csv"),
        ("  VIP / key accounts ", "vip_key_accounts.csv"),
    ],
)
def test_files_are_named_after_segments(segment: str, name: str) -> None:
    assert file_name_of(segment) == name


@pytest.mark.parametrize("segment", ["Cant Lose Them", "\u5ba2", "../..", "ML scored customers"])
def test_a_segment_without_a_file_name_of_its_own_is_refused(
    database: Path, folder: Path, segment: str
) -> None:
    change(database, f"insert into segment_profiles values ('2011-12-10', '{segment}', 12)")
    with pytest.raises(ExportError, match="name of its own") as refused:
        export(database, folder)
    assert isinstance(refused.value, RegularsError)
    assert contents(folder) == {}


def test_the_command_prints_files_and_rows(database: Path, tmp_path: Path) -> None:
    arguments = ("export", "--db", database, "--out", tmp_path / "files")
    finished = run_regulars(*arguments, target=tmp_path / "target")
    assert finished.returncode == 0, finished.stderr
    assert "           2  campaigns/cant_lose_them.csv" in finished.stdout.splitlines()
    printed = json.loads(run_regulars(*arguments, "--json", target=tmp_path / "target").stdout)
    manifest = json.loads((tmp_path / "files/manifest.json").read_text(encoding="utf-8"))
    assert printed["files"] == manifest["files"]
    shutil.rmtree(tmp_path / "files")
    change(database, "drop table insights")
    failed = run_regulars(*arguments, target=tmp_path / "target")
    assert failed.returncode == 1
    assert "no mart insights" in failed.stderr
    assert failed.stdout == ""


def test_a_query_prints_csv_by_the_same_writer(database: Path, tmp_path: Path) -> None:
    sql = "select churn_reason_1, monetary from customer_360 order by customer_id desc"
    finished = run_regulars("query", sql, "--csv", "--db", database, target=tmp_path)
    assert finished.stdout.splitlines()[1] == "'=1+1,-12.5000"
