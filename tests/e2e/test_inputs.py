"""Inputs as users have them: foreign names, damaged rows, tiny shops, and files that are no use."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Build, run_regulars

# a shop on the continent: other names, semicolons, decimal commas, Windows-1252, day first
MESSY = '''Bestellung;Artikel;Beschreibung;Menge;Datum;Preis;Customer ID;Country
489434;85048;"Glückskugel 12""";12;01/12/2009 07:45;6,95;13085;Germany
489434;79323P;ROSA KIRSCHLICHTER;4;01/12/2009 07:45;6,75;13085;Germany
489435;85048;Glückskugel;2;13/12/2009 09:10;6,95;13085.0;Germany
C489436;85048;Glückskugel;-1;15/12/2009 10:00;6,95;13085;Germany
489437;22423;TORTENSTÄNDER;1;16/12/2009 11:30;12,75;17850;
489438;22423;TORTENSTÄNDER;eins;16/12/2009 11:40;12,75;17850;France
489439;22423;TORTENSTÄNDER;1;gestern;12,75;17850;France
489440;22423;TORTENSTÄNDER;1;16/12/2009 11:50;gratis;17850;France
489441;22423;TORTENSTÄNDER;1;17/12/2009 11:50;12,75;17850;France;zu viel
489442;;TORTENSTÄNDER;1;17/12/2009 11:50;12,75;17850;France
489443;22423;TORTENSTÄNDER;1;17/12/2009 12:50;12,75;;France
'''
MAPPING = {
    "invoice": "Bestellung",
    "stock_code": "Artikel",
    "description": "Beschreibung",
    "quantity": "Menge",
    "invoice_date": "Datum",
    "price": "Preis",
}
HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"


@pytest.fixture(scope="module")
def messy(build: Callable[..., Build], tmp_path_factory: pytest.TempPathFactory) -> Build:
    path = tmp_path_factory.mktemp("input") / "Umsätze 2009.csv"
    path.write_bytes(MESSY.encode("windows-1252"))
    return build(path, column_mapping=MAPPING, decimal_separator=",", currency="EUR")


def test_rows_that_can_be_used_are(messy: Build) -> None:
    lines = messy.query(
        "select order_id, customer_id, gross_quantity, unit_price, revenue from order_lines order by 1, unit_price desc"
    )
    assert lines == [
        ("489434", "13085", 12, Decimal("6.95"), Decimal("83.40")),
        ("489434", "13085", 4, Decimal("6.75"), Decimal("27.00")),
        ("489435", "13085", 2, Decimal("6.95"), Decimal("6.95")),
        ("489437", "17850", 1, Decimal("12.75"), Decimal("12.75")),
        ("489443", None, 1, Decimal("12.75"), Decimal("12.75")),
    ]
    assert messy.query("select description from products where stock_code = '22423'") == [
        ("TORTENSTÄNDER",)
    ]


def test_rows_that_cannot_are_set_aside_with_what_was_read(messy: Build) -> None:
    rows = messy.query(
        "select disposition, source_row_number, source_record from set_aside_rows order by source_row_number"
    )
    assert [(name, number) for name, number, _ in rows] == [
        ("unparseable_quantity", 6),
        ("unparseable_date", 7),
        ("unparseable_price", 8),
        ("unparseable_row", 9),
        ("missing_value", 10),
    ]
    assert json.loads(rows[0][2])["quantity"] == "eins"
    assert json.loads(rows[1][2])["invoice_date"] == "gestern"
    assert "zu viel" in json.loads(rows[3][2])["raw_line"]


def test_a_shop_of_two_customers_has_scores_and_segments(messy: Build) -> None:
    features = messy.query(
        "select customer_id, as_of_date::varchar, recency_days, frequency, monetary, segment, return_rate "
        "from customer_features order by customer_id"
    )
    assert features[0][:5] == ("13085", "2009-12-18", 5, 2, Decimal("110.40") + Decimal("6.95"))
    assert features[0][6] == pytest.approx(1 / 18)
    assert features[1][:5] == ("17850", "2009-12-18", 2, 1, Decimal("12.75"))
    assert messy.query("select primary_country from customers order by customer_id") == [
        ("Germany",),
        (None,),
    ]
    assert messy.summary["currency"] == "EUR"


def test_a_shop_with_one_customer_and_one_line_builds(
    build: Callable[..., Build], tmp_path: Path
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(HEADER + "1,A1,MUG,1,2024-02-29 10:00,2.50,7,France\n", encoding="utf-8")
    one = build(path)
    found = one.query(
        "select rfm_score, segment, days_overdue, category_entropy, top_category from customer_features"
    )
    assert found == [("333", "Need Attention", None, 0.0, "TABLEWARE & DINING")]
    sold = "from category_performance where product_count > 0"
    assert one.query(f"select category, line_count, revenue_share, return_rate {sold}") == [
        ("TABLEWARE & DINING", 1, 1.0, 0.0)
    ]
    assert one.query("from cross_sell_gaps") == []
    for table in ("category_pairs", "product_pairs", "basket_rules", "recommendation_backtest"):
        assert one.query(f"from {table}") == []
    assert one.query("select distinct order_count, several_order_count from basket_counts") == [
        (1, 0)
    ]
    assert one.query("select list, description, is_due, reason from product_recommendations") == [
        ("buy_again", "MUG", False, "Bought on 1 day, last 1 day ago.")
    ]
    runs = one.query("select cluster_count, shortfall from cluster_runs")
    assert len(runs) == 8
    assert {count for count, _ in runs} == {1}
    assert all("only 1 of 1 customers differ" in why or "on 1 customers" in why for _, why in runs)
    assert one.query("select distinct cluster_name from customer_clusters") == [("All Customers",)]
    assert one.query(
        "select order_hour, order_count, revenue_share from timing_hourly where order_count > 0"
    ) == [(10, 1, 1)]
    assert one.query("select distinct hour_verdict, weekday_verdict from send_time_recommendations order by 1") == [
        ("Nobody is in the segment.", "Nobody is in the segment."),
        ("Too few: 1 orders of 1 customers; needed are 100 of 30.",) * 2,
    ]  # fmt: skip
    assert one.query("select timing_persona, withheld_reason from customer_timing_personas") == [
        ("No clear pattern", "Orders: 1; a habit needs 3.")
    ]
    assert one.query("select method, reason from revenue_decomposition") == [
        ("none", "Not all days of the week lie within the data.")
    ]
    assert one.query("select months_since, retention, is_complete from cohort_retention") == [
        (0, 1, True)
    ]
    # the day after is the first of a month: a month end
    assert one.query("select segment from segment_history") == [("Need Attention",)]


def test_a_table_of_the_warehouse_can_be_the_source(sample: Build, tmp_path: Path) -> None:
    database = tmp_path / "shop.duckdb"
    with duckdb.connect(str(tmp_path / "shop_warehouse.duckdb")) as warehouse:
        warehouse.execute(f"attach '{sample.warehouse}' as sample (read_only)")
        warehouse.execute("create schema shop")
        warehouse.execute(
            "create table shop.sales as select invoice, stock_code, description, quantity, invoice_date, "
            "price, customer_id, country from sample.main_input.py_raw_transactions "
            "where source_file_number = 1"
        )
    finished = run_regulars(
        "build",
        "--db",
        database,
        "--json",
        "--vars",
        "{transactions_relation: shop.sales, prediction_origins: 1}",
        target=tmp_path / "target",
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["source"] == "shop.sales"
    assert finished.stderr.startswith("Source: shop.sales\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "Invoice,StockCode,Description,InvoiceDate,Price,Customer ID\n1,A,MUG,2024-01-01,2.5,7\n",
            ["quantity", "Invoice", "StockCode", "Customer ID", "column_mapping"],
            id="missing column",
        ),
        pytest.param(
            HEADER
            + "C1,A,MUG,-1,2024-01-01,2.5,7,France\n2,POST,POSTAGE,1,2024-01-02,5,7,France\n",
            ["No row of the input is a sale", "non_product 1", "return 1"],
            id="nothing but a cancellation and postage",
        ),
        pytest.param(HEADER, ["no data rows"], id="header only"),
        pytest.param(
            HEADER + "1,A,MUG,1,01/02/2024 10:00,2.5,7,France\n",
            ["date_format", "day_first", "month_first"],
            id="day or month first",
        ),
    ],
)
def test_an_input_of_no_use_is_refused_and_the_published_database_stays(
    text: str, message: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(text, encoding="utf-8")
    database = tmp_path / "shop.duckdb"
    database.write_bytes(b"the last good build")
    finished = run_regulars(
        "build", "--data", path, "--db", database, "--quiet", target=tmp_path / "target"
    )
    assert finished.returncode == 3, finished.stderr
    for part in message:
        assert part in finished.stderr
    assert "Traceback" not in finished.stderr
    assert database.read_bytes() == b"the last good build"
    assert finished.stdout == ""


def test_a_missing_path_says_what_was_looked_for(tmp_path: Path) -> None:
    finished = run_regulars(
        "build",
        "--data",
        tmp_path / "sale.csv",
        "--db",
        tmp_path / "shop.duckdb",
        "--quiet",
        target=tmp_path / "target",
    )
    assert finished.returncode == 3
    assert str(tmp_path / "sale.csv") in finished.stderr
