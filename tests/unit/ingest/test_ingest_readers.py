"""Files of different kinds together, Arrow data, and what the relation may be used for."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
import xlsxwriter

from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.ingest import read_arrow, read_transactions

OLDER_HEADER = "Country,InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"


@pytest.fixture
def mixed_files(connection, tmp_path, write_csv, holder):
    """The same sale as CSV in two spellings, Windows-1252, Parquet and a workbook."""
    write_csv([holder], name="a.csv")
    write_csv(
        ["EIRE;536365;85123A;WHITE HANGING HÉART;6;2010-12-01 08:26;2.55;17850"],
        name="b.csv",
        header=OLDER_HEADER.replace(",", ";"),
        encoding="cp1252",
    )
    columns = OLDER_HEADER.split(",")
    values = ["EIRE", "536365", "85123A", "HEART", 6, dt.datetime(2010, 12, 1, 8, 26), 2.55, 17850]
    table = pa.table({name: [value] for name, value in zip(columns, values, strict=True)})
    connection.register("heart", table)
    connection.execute(f"copy heart to '{tmp_path}/c.parquet' (format parquet)")
    connection.unregister("heart")
    with xlsxwriter.Workbook(tmp_path / "d.xlsx", {"default_date_format": "d/m/yy"}) as workbook:
        sheet = workbook.add_worksheet("Sales")
        sheet.write_row(0, 0, columns)
        for at, value in enumerate(values):
            sheet.write(1, at, value)
    return tmp_path


def test_kinds_and_spellings_combine(read, mixed_files):
    rows = read(mixed_files)
    assert [(row["source_file"], row["source_file_number"]) for row in rows] == [
        ("a.csv", 1),
        ("b.csv", 2),
        ("c.parquet", 3),
        ("d.xlsx#Sales", 4),
    ]
    common = {
        (row["invoice"], row["stock_code"], row["quantity"], row["price"], row["customer_id"])
        for row in rows
    }
    assert common == {("536365", "85123A", 6, Decimal("2.55"), "17850")}
    assert {row["invoice_date"] for row in rows} == {dt.datetime(2010, 12, 1, 8, 26)}


def test_reading_twice_gives_the_same(connection, settings, mixed_files):
    relation = read_transactions(connection, [str(mixed_files)], **settings)
    again = read_transactions(connection, [str(mixed_files)], **settings)
    assert relation.fetchall() == relation.fetchall() == again.fetchall()


def test_the_relation_can_be_registered_and_materialised_as_dbt_does(
    connection, settings, mixed_files
):
    relation = read_transactions(connection, [str(mixed_files)], **settings)
    connection.register("__dbt_python_model_df", relation)
    connection.execute("create table raw as select * from __dbt_python_model_df")
    query = "select count(*), count(distinct source_file), count(parse_error) from raw"
    assert connection.sql(query).fetchall() == [(4, 4, 0)]


def test_a_mapping_holds_for_every_file(read, write_csv, holder):
    header = "order_no,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    mapped = write_csv([holder], name="a.csv", header=header)
    assert read(mapped, column_mapping={"invoice": "order_no"})[0]["invoice"] == "536365"
    plain = write_csv([holder], name="b.csv")
    with pytest.raises(UnusableInputError, match=r"b\.csv: the column 'order_no'"):
        read(mapped, plain, column_mapping={"invoice": "order_no"})


def test_country_may_be_missing_from_one_file(read, write_csv, holder):
    header = OLDER_HEADER.removeprefix("Country,")
    without = write_csv(["1,A,B,1,2010-12-01,1,7"], name="z.csv", header=header)
    assert [row["country"] for row in read(write_csv([holder]), without)] == [
        "United Kingdom",
        None,
    ]


def test_many_files_are_numbered_by_path(read, write_csv, holder, tmp_path):
    for day in range(1, 61):
        write_csv([holder, holder], name=f"day_{day:02}.csv")
    rows = read(tmp_path / "day_*.csv")
    assert [row["source_file_number"] for row in rows] == [n for n in range(1, 61) for _ in "ab"]
    assert [row["source_row_number"] for row in rows] == [1, 2] * 60


def test_without_insertion_order_nothing_is_read(connection, read, write_csv, holder):
    connection.execute("set preserve_insertion_order = false")
    with pytest.raises(InvalidSettingError, match="preserve_insertion_order"):
        read(write_csv([holder]))


def arrow_table(dates):
    count = len(dates)
    return pa.table(
        {
            "Invoice": [str(536365 + at) for at in range(count)],
            "StockCode": ["71053"] * count,
            "Description": ["WHITE METAL LANTERN"] * count,
            "Quantity": list(range(count)),
            "InvoiceDate": dates,
            "Price": [3.39] * count,
            "Customer ID": [17850.0] * count,
            "Country": ["EIRE"] * count,
        }
    )


NOON = dt.datetime(2010, 12, 1, 12)


def test_an_arrow_table_with_file_numbers_is_numbered_within_files(connection, settings):
    table = arrow_table([NOON] * 5).append_column("source_file_number", pa.array([1, 1, 2, 2, 2]))
    relation = read_arrow(connection, table, source_file="simulated_{number}", **settings)
    assert [row[:3] for row in relation.fetchall()] == [
        ("simulated_1", 1, 1),
        ("simulated_1", 1, 2),
        ("simulated_2", 2, 1),
        ("simulated_2", 2, 2),
        ("simulated_2", 2, 3),
    ]
    assert relation.columns[-2:] == ["parse_error", "source_record"]
    assert [row[6] for row in relation.fetchall()] == [0, 1, 2, 3, 4]


def test_an_arrow_reader_is_streamed(connection, settings):
    reader = arrow_table([NOON] * 1_000).to_reader(max_chunksize=100)
    read_arrow(connection, reader, source_file="simulated", **settings).create("raw")
    query = "select count(*), min(quantity - source_row_number), max(source_file) from raw"
    assert connection.sql(query).fetchall() == [(1_000, -1, "simulated")]


def test_text_dates_of_an_arrow_table_are_looked_at(connection, settings):
    relation = read_arrow(connection, arrow_table(["13/12/2010"]), source_file="x", **settings)
    assert relation.fetchall()[0][7] == dt.datetime(2010, 12, 13)
    with pytest.raises(UnusableInputError, match="read once only"):
        read_arrow(connection, arrow_table(["13/12/2010"]).to_reader(), source_file="x", **settings)


def test_empty_arrow_data_are_unusable(connection, settings):
    table = arrow_table([NOON]).slice(0, 0)
    with pytest.raises(UnusableInputError, match="no rows"):
        read_arrow(connection, table, source_file="x", **settings)
