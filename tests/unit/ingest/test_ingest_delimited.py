"""CSV: encodings, delimiters, quoting, and rows that can't be split into fields."""

import csv
import gzip
import io
import json
import logging
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from regulars.errors import UnusableInputError
from regulars.ingest import read_transactions
from regulars.ingest.delimited import split_records


def test_a_plain_file_is_read_in_full(read, write_csv, holder, lantern):
    first, second = read(write_csv([holder, lantern]))
    assert first["source_file"] == "sales.csv"
    assert (first["invoice"], first["stock_code"], first["quantity"]) == ("536365", "85123A", 6)
    assert (first["price"], first["customer_id"]) == (Decimal("2.55"), "17850")
    assert (first["source_row_number"], second["source_row_number"]) == (1, 2)
    assert second["country"] == "United Kingdom"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(read, write_csv, delimiter):
    header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
    line = '536365;85123A;"BOX; RED, LARGE | 3\t";6;2010-12-01;2,55;17850;EIRE'
    fields = next(csv.reader([line], delimiter=";"))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(fields)
    path = write_csv([text.getvalue()], header=header.replace(",", delimiter))
    (row,) = read(path, decimal_separator=",")
    assert (row["description"], row["price"]) == ("BOX; RED, LARGE | 3\t", Decimal("2.55"))


def test_the_header_decides_by_known_names_rather_than_by_count(read, write_csv):
    header = "Invoice;StockCode;Description;Quantity;InvoiceDate;Price;Customer ID;a,b,c,d,e,f,g,h"
    assert read(write_csv(["1;A;B;1;2010-12-01;1.5;7;x"], header=header))[0]["price"] == 1.5


def test_quoted_fields_may_hold_newlines_quotes_and_delimiters(read, write_csv, lantern):
    path = write_csv(['536365,A,"SIGN ""LOVE"",\r\nTWO LINES",6,2010-12-01,1,1,UK', lantern])
    first, second = read(path)
    assert first["description"] == 'SIGN "LOVE",\r\nTWO LINES'
    assert (second["source_row_number"], second["stock_code"]) == (2, "71053")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_read(read, write_csv, holder, lantern, end):
    rows = read(write_csv([holder, lantern], end=end))
    assert [row["country"] for row in rows] == ["United Kingdom"] * 2


def test_mixed_line_ends_lose_nothing(read, write_csv, holder, lantern):
    path = write_csv([holder + "\r", lantern, holder + "\r"])
    rows = read(path)
    assert [row["stock_code"] for row in rows] == ["85123A", "71053", "85123A"]
    assert {row["parse_error"] for row in rows} == {None}


def test_blank_lines_are_no_rows(read, write_csv, holder, lantern):
    path = write_csv(["", holder, "", lantern, "", ""])
    path.write_text("\n\n" + path.read_text())
    assert [row["source_row_number"] for row in read(path)] == [1, 2]


def test_a_byte_order_mark_is_no_part_of_the_header(read, write_csv, holder):
    assert read(write_csv([holder], encoding="utf-8-sig"))[0]["invoice"] == "536365"


def test_utf8_is_read_where_it_lies(read, write_csv, holder, caplog):
    with caplog.at_level(logging.INFO, logger="regulars.ingest"):
        (row,) = read(write_csv([holder.replace("WHITE", "CRÈME £")]))
    assert row["description"].startswith("CRÈME £")
    assert "encoding utf-8" in caplog.text


@pytest.mark.parametrize("name", ["sales.csv", "sales.csv.gz"])
def test_windows_1252_is_read_and_said(read, write_csv, holder, caplog, name):
    path = write_csv([holder.replace("WHITE", "CRÈME £ €")], name=name, encoding="cp1252")
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(path.read_bytes()))
    with caplog.at_level(logging.INFO, logger="regulars.ingest"):
        (row,) = read(path)
    assert row["description"].startswith("CRÈME £ €")
    assert "encoding cp1252" in caplog.text
    assert [each.name for each in path.parent.iterdir()] == [name]


def test_an_accent_far_down_still_decides_the_encoding(read, write_csv, holder):
    lines = [holder] * 30_000 + [holder.replace("WHITE", "CRÈME")]
    rows = read(write_csv(lines, encoding="cp1252"))
    assert len(rows) == 30_001
    assert rows[-1]["description"].startswith("CRÈME")
    assert [row["source_row_number"] for row in rows] == list(range(1, 30_002))


def test_a_character_cut_by_a_chunk_is_still_utf8(read, write_csv):
    # The two bytes of È are the last of one mebibyte and the first of the next.
    path = write_csv([])
    head = path.read_bytes() + b"1,A,"
    filler = b"x" * ((1 << 20) - 1 - len(head))
    path.write_bytes(head + filler + "È,1,2010-12-01,1,1,UK\n".encode())
    assert read(path)[0]["description"][-1] == "È"


def test_gzip_is_read(read, write_csv, holder):
    path = write_csv([holder], name="sales.csv.gz")
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read(path)[0]["source_file"] == "sales.csv.gz"


def test_all_members_of_a_concatenated_gzip_are_read(read, write_csv, holder, lantern):
    path = write_csv([holder], name="sales.csv.gz")
    lines = lantern.encode() + b"\n"
    path.write_bytes(gzip.compress(path.read_bytes()) + gzip.compress(lines * 3))
    assert [row["stock_code"] for row in read(path)] == ["85123A"] + ["71053"] * 3


@pytest.mark.parametrize(
    ("content", "name", "fault"),
    [
        (b"Invoice,StockCode\n", "s.csv.gz", r"s\.csv\.gz can't be read as gzip"),
        (gzip.compress(b"Invoice," * 5_000, mtime=0)[:-20], "s.csv.gz", "can't be read as gzip"),
        (gzip.compress(b"Invoice\n", mtime=0), "s.csv", "name it .csv.gz"),
        ("Invoice,StockCode\n".encode("utf-16"), "s.csv", "is UTF-16"),
        (b"PK\x03\x04....", "s.csv", "zip archive or Excel workbook"),
        (b"PAR1....", "s.csv", "is Parquet"),
        (b"Invoice\n\x00\x01", "s.csv", "NUL"),
        (b"Invoice\n\x81\x8d\n", "s.csv", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_what_is_no_csv_is_named_with_the_cause(read, tmp_path, content, name, fault):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnusableInputError, match=fault) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n\n", None])
def test_a_file_without_rows_contributes_none(read, write_csv, holder, content):
    sound = write_csv([holder])
    empty = write_csv([], name="a.csv")
    if content is not None:
        empty.write_text(content)
    (row,) = read(empty, sound)
    assert row["source_file"] == "sales.csv"
    with pytest.raises(UnusableInputError, match=f"no data rows in '{empty}'"):
        read(empty)


def test_a_header_without_required_columns_is_refused_even_without_rows(read, write_csv):
    with pytest.raises(UnusableInputError, match="missing: price"):
        read(write_csv([], header="Invoice,StockCode,Description,Quantity,InvoiceDate,CustomerID"))


def test_ragged_rows_are_set_aside_in_their_place(read, write_csv, holder, lantern):
    short, long = "536366,22633,HAND WARMER,6", lantern.replace("WHITE", "WHITE, RED")
    rows = read(write_csv([holder, short, lantern, long, lantern]))
    assert [row["source_row_number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["parse_error"] for row in rows] == [
        *(None, "unparseable_row", None, "unparseable_row", None),
    ]
    assert json.loads(rows[1]["source_record"]) == {"raw_line": short}
    assert json.loads(rows[3]["source_record"]) == {"raw_line": long}
    assert (rows[1]["invoice"], rows[4]["stock_code"]) == (None, "71053")


def test_empty_surplus_fields_do_no_harm(read, write_csv, holder, lantern):
    rows = read(write_csv([holder + ",,", "1,2", lantern + ","]))
    assert [row["stock_code"] for row in rows] == ["85123A", None, "71053"]


@pytest.mark.parametrize("bad", ['536366,A,"LOVE" SIGN,6,x,1,1,UK', '536366,A,"OPEN,6,x,1,1,UK'])
def test_a_stray_quote_costs_its_own_line_only(read, write_csv, holder, lantern, bad):
    rows = read(write_csv([holder, bad, lantern, holder]))
    assert [row["stock_code"] for row in rows] == ["85123A", None, "71053", "85123A"]
    assert json.loads(rows[1]["source_record"]) == {"raw_line": bad}


def test_an_inch_sign_is_no_quote(read, write_csv, lantern):
    assert read(write_csv([lantern.replace("METAL", '12" METAL')]))[0]["description"] == (
        'WHITE 12" METAL LANTERN'
    )


def test_records_may_span_lines_between_damaged_ones():
    lines = ['1,"a\n', 'b",3\n', '2,"x\n', '3,"y"\n', "4,5,6\n", "\n", "   \n", '7,8,9,""']
    assert list(split_records(iter(lines), ",", 3)) == [
        (["1", "a\nb", "3"], None),
        (None, '2,"x'),
        (None, '3,"y"'),
        (["4", "5", "6"], None),
        (["7", "8", "9"], None),
    ]


def test_names_with_quotes_and_glob_characters_are_read(read, write_csv, holder):
    path = write_csv([holder], name="shop's [1] sales?.csv", header=_HEADER_WITH_QUOTES)
    (row,) = read(path, column_mapping={"invoice": """the "no" of 'x'"""})
    assert (row["source_file"], row["invoice"]) == ("shop's [1] sales?.csv", "536365")


_HEADER_WITH_QUOTES = (
    """"the ""no"" of 'x'",StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"""
)


def test_a_folder_named_like_a_hive_partition_adds_no_column(read, write_csv, tmp_path, holder):
    folder = tmp_path / "country=France"
    folder.mkdir()
    path = write_csv([holder]).rename(folder / "sales.csv")
    assert read(path)[0]["country"] == "United Kingdom"


@pytest.mark.parametrize("damaged", [False, True])
def test_a_large_file_keeps_its_order_with_many_threads(connection, settings, tmp_path, damaged):
    # 250,000 rows of 110 bytes are read in several blocks by several threads.
    connection.execute("set threads = 8")
    path = tmp_path / "large.csv"
    connection.execute(f"""
        copy (
            select 500000 + i as InvoiceNo, 'A' || i as StockCode,
                repeat('x', 60) || case when i % 7 = 0 then e'\\n"' else '' end as Description,
                i as Quantity, timestamp '2010-12-01' + to_minutes(i) as InvoiceDate,
                i / 100 as UnitPrice, i % 5000 as CustomerID, 'EIRE' as Country
            from range(250000) r(i)
        ) to '{path}' (header)
    """)
    if damaged:
        with path.open("a") as file:
            file.write("1,2\n")
    read_transactions(connection, [str(path)], **settings).create("loaded")
    query = """
        select count(*), min(quantity - source_row_number), max(quantity - source_row_number),
            count(*) filter (quantity = rowid), count(distinct source_row_number)
        from loaded where parse_error is null
    """
    assert connection.sql(query).fetchall() == [(250_000, -1, -1, 250_000, 250_000)]
    assert connection.sql("select max(source_row_number) from loaded").fetchall() == [
        (250_001 if damaged else 250_000,)
    ]


_ODD_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), max_size=30
) | st.text(st.sampled_from(["a", '"', ",", ";", "\n", "\r", " ", "'", "É", "€"]), max_size=12)


HEADER = "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID"


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    descriptions=st.lists(_ODD_TEXT, min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    is_damaged=st.booleans(),
)
def test_any_text_survives_a_round_trip(tmp_path_factory, descriptions, delimiter, is_damaged):
    path = tmp_path_factory.mktemp("odd") / "odd.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(HEADER.split())
        for number, description in enumerate(descriptions):
            writer.writerow([number, "A", description, 1, "2010-12-01", "2.5", "7"])
        if is_damaged:
            file.write("only one field\r\n")
    with duckdb.connect() as connection:
        rows = read_transactions(
            connection,
            [str(path)],
            column_mapping={},
            date_format="auto",
            decimal_separator=".",
            source_timezone="UTC",
        ).fetchall()
    assert [row[5] for row in rows][: len(descriptions)] == [
        None if not text.strip(" \t\r\n\v\f") else text for text in descriptions
    ]
    assert [row[11] for row in rows] == [None] * len(descriptions) + (
        ["unparseable_row"] if is_damaged else []
    )


_FIELD = st.text(st.sampled_from(["a", "1", " ", "'", '"', "\n"]), max_size=4)


@given(st.lists(st.lists(_FIELD, min_size=1, max_size=4), max_size=6))
def test_splitting_loses_no_line(records):
    text = "".join(",".join(fields) + "\n" for fields in records)
    lines = text.splitlines(keepends=True)
    fields_out = raw_out = 0
    seen = ""
    for fields, raw in split_records(iter(lines), ",", 3):
        fields_out += fields is not None
        raw_out += raw is not None
        assert (fields is None) != (raw is None)
        assert fields is None or len(fields) == 3
        seen += "".join(fields) if fields else raw
    # Every letter and digit of the text is in a field or in a raw line, in the same order.
    assert [c for c in seen if c.isalnum()] == [c for c in text if c.isalnum()]
