"""The report of whole builds: complete, small, the same every time, and true to the database."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from regulars.report.summarise import Report, summarise
from regulars.report.tabs import TABS
from regulars.report.write import begun_report, write_report
from regulars.warehouse import NotBuiltError, publish
from tests.conftest import QUICK, ROOT, Build, run_regulars

MEGABYTES = 1_000_000


def read(database: Path, *, is_anonymous: bool = False) -> Report:
    with duckdb.connect(str(database), read_only=True) as connection:
        return summarise(connection, is_anonymous=is_anonymous)


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    return json.loads(found[1])


@pytest.fixture(scope="module")
def outputs(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `regulars report` writes of the sample."""
    directory = tmp_path_factory.mktemp("outputs")
    finished = run_regulars(
        "report", "--db", sample.database, "--out", directory, target=directory / "target"
    )
    assert finished.returncode == 0, finished.stderr
    printed = [Path(line) for line in finished.stdout.splitlines()]
    assert printed[0] == directory / "dashboard.html"
    assert sorted(printed[1:]) == sorted((directory / "figures").iterdir())
    return directory


def test_every_panel_of_the_sample_has_rows(sample: Build) -> None:
    missing = {
        view.panel.key: view.missing for view in read(sample.database).views() if view.missing
    }
    # a finished wave needs a later build
    assert set(missing) == {"campaign_uplift"}


def test_the_charts_are_valid_vega_lite(sample: Build) -> None:
    for view in read(sample.database).views():
        if view.panel.chart and view.rows:
            assert view.panel.chart(view.rows).to_dict(validate=True)


def test_the_page_is_small_and_the_same_every_time(
    sample: Build, outputs: Path, tmp_path: Path
) -> None:
    page = outputs / "dashboard.html"
    assert page.stat().st_size < 5 * MEGABYTES
    again = write_report(sample.database, tmp_path, is_anonymous=False, has_figures=True)
    assert again.page.read_bytes() == page.read_bytes()
    for path in again.figures:
        ours = hashlib.sha256(path.read_bytes()).hexdigest()
        assert ours == hashlib.sha256((outputs / "figures" / path.name).read_bytes()).hexdigest()


def test_a_build_reports_from_its_warehouse_what_is_published(
    sample: Build, outputs: Path, tmp_path: Path
) -> None:
    with begun_report(sample.warehouse, is_anonymous=False, has_figures=False) as write:
        written = write(tmp_path)
    assert written.page.read_bytes() == (outputs / "dashboard.html").read_bytes()


def test_a_report_that_was_begun_in_vain_leaves_nothing(sample: Build, tmp_path: Path) -> None:
    begun = begun_report(sample.warehouse, is_anonymous=False, has_figures=True)
    with pytest.raises(NotBuiltError), begun:
        publish(tmp_path / "none.duckdb", tmp_path / "shop.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_every_figure_is_there_twice(outputs: Path) -> None:
    names = {figure.name for tab in TABS for panel in tab.panels for figure in panel.figures}
    names -= {"campaign_uplift"}
    found = {path.name for path in (outputs / "figures").iterdir()}
    assert found == {f"{name}.{ending}" for name in names for ending in ("png", "svg")}
    for path in (outputs / "figures").glob("*.svg"):
        text = re.sub(r"<[^>]+>", "\n", path.read_text(encoding="utf-8"))
        assert "Source: sample shop" in text, path.name
        assert "Amounts in GBP." in text, path.name
        assert "undefined" not in text, path.name


def test_the_page_says_what_the_database_says(sample: Build, outputs: Path) -> None:
    panels = data_of(outputs / "dashboard.html")["panels"]
    for key, query in {
        "kpis": "select figure from report_kpis order by display_order",
        "revenue_by_month": "select revenue from timing_monthly order by month_start",
        "ledger": "select row_count from data_quality_ledger where row_count > 0 "
        "order by outcome, row_count desc, disposition",
    }.items():
        expected = [float(value) for (value,) in sample.query(query)]
        name = query.split()[1]
        [column] = [column for column in panels[key]["columns"] if column["name"] == name]
        assert column["data"] == pytest.approx(expected, rel=1e-5, abs=0.006)
    customers = panels["customer_list"]
    [ids] = [column for column in customers["columns"] if column["name"] == "customer_id"]
    assert ids["data"] == [
        customer
        for (customer,) in sample.query(
            "select customer_id from report_customers order by contact_rank"
        )
    ]


def test_the_key_figures_agree_with_the_orders(sample: Build) -> None:
    [(start, end, revenue, orders)] = sample.query(
        "select max(period_start), max(period_end), max(figure) filter (where kpi = 'revenue'), "
        "max(figure) filter (where kpi = 'orders') from report_kpis"
    )
    [(expected, count)] = sample.query(
        f"select sum(revenue), count(*) from orders where order_date between '{start}' and '{end}'"
    )
    assert (revenue, orders) == (pytest.approx(float(expected)), count)


def test_every_table_of_the_report_says_where_it_comes_from(sample: Build) -> None:
    for view in read(sample.database).views():
        for source in view.sources:
            if source["table"] != "segment_playbooks":  # a seed
                assert (ROOT / source["file"]).is_file(), source
            assert source["description"], source
            if source["table"].startswith("report_"):
                assert source["definition"].startswith("-- Grain:")


def test_the_gallery_shows_every_figure() -> None:
    gallery = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\*\*`(\w+)`\*\*", gallery, re.M)
    assert listed == [
        figure.name for tab in TABS for panel in tab.panels for figure in panel.figures
    ]
    for picture in re.findall(r"\((img/[^)]+)\)", gallery):
        assert (ROOT / "docs" / picture).is_file()


def test_a_figure_with_nothing_to_show_goes(
    small_shop: Build, sample: Build, tmp_path: Path
) -> None:
    write_report(sample.database, tmp_path, is_anonymous=False, has_figures=True)
    written = write_report(small_shop.database, tmp_path, is_anonymous=False, has_figures=True)
    assert "fewer than the 90" in written.left_out["churn_reliability"]
    assert not (tmp_path / "figures/churn_reliability.png").exists()
    assert sorted((tmp_path / "figures").iterdir()) == written.figures


def test_an_anonymous_report_has_no_ids(sample: Build) -> None:
    for view in read(sample.database, is_anonymous=True).views():
        for row in view.rows:
            assert not {"customer_id", "order_id", "largest_order_id"} & set(row)
            for value in row.values():
                assert not (isinstance(value, str) and re.match(r"Customer \S+$", value))


def test_a_build_writes_the_report_at_its_end(tmp_path: Path) -> None:
    small = QUICK | {"sample_customers": 60, "sample_months": 3}
    finished = run_regulars(
        "build", "--db", tmp_path / "shop.duckdb", "--out", tmp_path / "outputs", "--json", "--quiet",
        "--vars", json.dumps(small), target=tmp_path / "target",
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["report"] == str(tmp_path / "outputs/dashboard.html")
    assert data_of(tmp_path / "outputs/dashboard.html")["customerCount"] <= 60
    assert list((tmp_path / "outputs/figures").glob("*.png"))


@pytest.mark.realdata
def test_the_page_of_the_real_data_is_small_and_quickly_made(real: Build, tmp_path: Path) -> None:
    begun = time.process_time()
    written = write_report(real.database, tmp_path, is_anonymous=False, has_figures=False)
    assert time.process_time() - begun < 10
    assert written.page.stat().st_size < 5 * MEGABYTES
    customers = data_of(written.page)["panels"]["customer_list"]
    assert customers["count"] == real.query("select count(*) from customers")[0][0]
