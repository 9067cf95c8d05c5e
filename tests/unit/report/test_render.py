"""The page is one file in which data can never run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from regulars.charts.assets import vega_bundle
from regulars.report.render import as_script_data, render
from regulars.report.summarise import summarise
from regulars.report.write import write_report
from regulars.warehouse import NotBuiltError

HOSTILE = [
    "<script>window.hacked = true</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"quotes\" & 'apostrophes'",
    '=HYPERLINK("https://example.invalid")',
    "\u202egnirts desrever",
    "קערת אורז",
    "<!-- <script>",
    "{{ 7 * 7 }}",
    "line\u2028break",
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The least that a report can be made of, with hostile descriptions."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create table build_settings as
              select * from (values ('currency', '"GBP"'), ('small_cell_customers', '5')) as t(setting, value);
            create table customers as select date '2011-12-10' as as_of_date, '17850' as customer_id;
            create table orders as select 'A1' as order_id, date '2011-12-09' as order_date;
            create table order_lines as select '<b>file</b>.csv' as source_file;
            create table reconciliation as select 'a' as check_name, 1.0 as expected, 1.0 as found, 0.0 as difference;
            create table products (
              stock_code varchar, description varchar, category varchar, revenue decimal(18,4),
              gross_revenue decimal(18,4), order_count bigint, customer_count bigint,
              gross_quantity bigint, return_rate double, median_unit_price double
            );
            comment on column products.revenue is 'What it is *called* & <more>';
            """
        )
        for number, description in enumerate(HOSTILE):
            connection.execute(
                "insert into products values (?, ?, 'X', ?, 1, 1, ?, 1, 0.5, 1.5)",
                [f"S{number}", description, 100 - number, 3 if number == 0 else 50],
            )
    return path


def page(database: Path) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        return render(summarise(connection, is_anonymous=False))


def test_data_cannot_leave_its_place(database: Path) -> None:
    html = page(database)
    # two scripts of ours and one of data, whatever the data say
    assert len(re.findall(r"<script\b", html)) == 3 + len(re.findall(r"<script\b", vega_bundle()))
    assert "<img" not in html.split("<script>")[0]
    assert "<b>file</b>" not in html
    assert "&lt;b&gt;file&lt;/b&gt;.csv" in html
    written = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    assert written
    assert "<" not in written[1]
    products = json.loads(written[1])["panels"]["top_products"]
    [column] = [column for column in products["columns"] if column["name"] == "product"]
    assert column["data"] == HOSTILE


def test_the_policy_allows_our_scripts_by_their_hash_and_nothing_else(database: Path) -> None:
    html = page(database)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    rules = policy[1].replace("&#39;", "'")
    assert rules.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in rules
    for body in re.findall(r"<script>(.*?)</script>|<style>(.*?)</style>", html, re.S):
        digest = hashlib.sha256("".join(body).encode()).digest()
        assert f"'sha256-{base64.b64encode(digest).decode()}'" in rules


def test_nothing_of_the_page_is_fetched(database: Path) -> None:
    shell = page(database).split('<script type="application/json"')[0]
    assert re.findall(r"(?:src|href|action)=\"(?!#)[^\"]*\"", shell) == []
    assert "url(" not in shell
    assert "@import" not in shell
    assert "style=" not in shell


def test_the_same_database_gives_the_same_bytes(database: Path) -> None:
    assert page(database) == page(database)


def test_tables_that_are_missing_are_said_to_be(database: Path) -> None:
    html = page(database)
    assert "The table report_segments is not in this database" in html
    assert "The table model_backtest is not in this database" in html


def test_figures_of_few_customers_are_left_out(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        report = summarise(connection, is_anonymous=False)
    [view] = [view for view in report.views() if view.panel.key == "top_products"]
    assert (view.rows[0]["revenue"], view.rows[0]["note"]) == (None, "fewer than 5 customers")
    assert (view.rows[1]["revenue"], view.rows[1]["note"]) == (99, None)


def test_definitions_are_the_databases_own(database: Path) -> None:
    assert "What it is *called* &amp; &lt;more&gt;" in page(database)


def test_script_data_has_no_character_that_ends_it() -> None:
    text = as_script_data({"a": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028"}


def test_the_library_of_charts_cannot_end_its_script() -> None:
    assert "</script" not in vega_bundle()
    assert "<!--" not in vega_bundle()


def test_a_report_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="Run `make build`"):
        write_report(tmp_path / "none.duckdb", tmp_path, is_anonymous=False, has_figures=False)


def test_ages_are_told_by_the_reader_not_the_writer(database: Path) -> None:
    assert date.today().isoformat() not in page(database)
