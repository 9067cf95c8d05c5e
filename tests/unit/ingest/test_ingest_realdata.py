"""UCI Online Retail II, whole, by way of every kind of file."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from regulars.ingest import read_transactions

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif("REGULARS_REAL_DATA" not in os.environ, reason="no real data given"),
]

YEARS = ("year_2009_2010", "year_2010_2011")
SHEETS = {"Year 2009-2010": YEARS[0], "Year 2010-2011": YEARS[1]}
PLAIN_ROWS = 20_000
FULL_XLSX = "REGULARS_FULL_XLSX"

ALL_BUT_SOURCE = """
    source_file_number, source_row_number, invoice, stock_code, description, quantity,
    invoice_date, price, customer_id, country, parse_error, source_record
"""


@pytest.fixture
def real_files():
    folder = Path(os.environ["REGULARS_REAL_DATA"])
    return [folder / f"{year}.parquet" for year in YEARS]


@pytest.fixture
def load(connection, settings):
    def load_into(table, *paths):
        read_transactions(connection, [str(path) for path in paths], **settings).create(table)

    return load_into


def expect_equal(connection, first, second):
    """Every row of one table is in the other, values and row numbers included."""
    for left, right in ((first, second), (second, first)):
        query = (
            f"select count(*) from (select {ALL_BUT_SOURCE} from {left} "
            f"except all select {ALL_BUT_SOURCE} from {right})"
        )
        assert connection.sql(query).fetchall() == [(0,)]


def test_parquet_has_uci_s_figures(connection, load, real_files):
    load("sales", *real_files)
    query = """
        select source_file, source_file_number, count(*), max(source_row_number),
            count(*) filter (customer_id is null), count(parse_error)
        from sales group by all order by all
    """
    assert connection.sql(query).fetchall() == [
        ("year_2009_2010.parquet", 1, 525_461, 525_461, 107_927, 0),
        ("year_2010_2011.parquet", 2, 541_910, 541_910, 135_080, 0),
    ]
    parity = """
        select count(*), count(distinct customer_id), count(distinct invoice),
            sum(quantity * price)::decimal(18, 2)
        from sales where quantity > 0 and price > 0 and customer_id is not null
    """
    assert connection.sql(parity).fetchall() == [(805_549, 5_878, 36_969, Decimal("17743429.18"))]
    totals = "select count(*), count(distinct invoice), count(distinct country) from sales"
    assert connection.sql(totals).fetchall() == [(1_067_371, 53_628, 43)]


@pytest.mark.parametrize(
    "date_format",
    ["%Y-%m-%d %H:%M:%S", "%-d/%-m/%Y %H:%M", "%-m/%-d/%y %-I:%M %p", "%Y-%m-%dT%H:%M:%SZ"],
)
def test_csv_gives_what_parquet_gives(connection, load, real_files, tmp_path, date_format):
    load("sales", *real_files)
    names = []
    for year, file in zip(YEARS, real_files, strict=True):
        # London was an hour ahead of the offset in summer; as text it is its own local time.
        moment = "InvoiceDate"
        if date_format.endswith("Z"):
            moment = "timezone('UTC', timezone('Europe/London', InvoiceDate))"
        names.append(tmp_path / f"{year}.csv")
        connection.execute(f"""
            copy (
                select * replace (strftime({moment}, '{date_format}') as InvoiceDate)
                from read_parquet('{file}')
            ) to '{names[-1]}' (header)
        """)
    load("texts", *names)
    expect_equal(connection, "sales", "texts")


def write_workbook(connection, files, path, row_count):
    """Writes a sheet for each file, with numbers where UCI's own workbook has numbers."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for title, file in zip(SHEETS, files, strict=True):
            sheet = workbook.add_worksheet(title)
            rows = connection.execute(f"select * from read_parquet('{file}') limit {row_count}")
            sheet.write_row(0, 0, [column[0] for column in rows.description])
            at = 0
            while batch := rows.fetchmany(20_000):
                for row in batch:
                    at += 1
                    for column, value in enumerate(row):
                        if column < 2 and value.isdigit():
                            sheet.write_number(at, column, int(value))
                        elif isinstance(value, str):
                            sheet.write_string(at, column, value)
                        elif column == 4:
                            sheet.write_datetime(at, column, value, moment)
                        elif value is not None:
                            sheet.write_number(at, column, value)


@pytest.mark.parametrize(
    "row_count",
    [
        PLAIN_ROWS,
        pytest.param(
            10_000_000,
            id="all",
            marks=pytest.mark.skipif(
                os.environ.get(FULL_XLSX) != "1", reason=f"takes minutes; {FULL_XLSX}=1 runs it"
            ),
        ),
    ],
)
def test_a_workbook_gives_what_parquet_gives(connection, load, real_files, tmp_path, row_count):
    path = tmp_path / "online_retail_II.xlsx"
    write_workbook(connection, real_files, path, row_count)
    load("sheets", path)
    load("sales", *real_files)
    connection.execute(f"delete from sales where source_row_number > {row_count}")
    assert connection.sql("select distinct source_file from sheets order by 1").fetchall() == [
        (f"online_retail_II.xlsx#{title}",) for title in SHEETS
    ]
    expect_equal(connection, "sales", "sheets")
    count = "select count(*), sum(quantity), sum(quantity * price), count(customer_id) from "
    assert connection.sql(count + "sheets").fetchall() == connection.sql(count + "sales").fetchall()
    assert connection.sql("select count(*) from sheets").fetchall() == [
        (min(row_count, 525_461) + min(row_count, 541_910),)
    ]
