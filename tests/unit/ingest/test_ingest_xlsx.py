"""Workbooks: types of cells, sheets, and workbooks that must not be read."""

import datetime as dt
import json
import subprocess
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter

from regulars.errors import UnusableInputError
from regulars.ingest import xlsx

HEADER = [
    *("Invoice", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "Price", "Customer ID", "Country"),
]
LANTERN = [
    *(536365, "71053", "WHITE METAL LANTERN", 6),
    *(dt.datetime(2010, 12, 1, 8, 26), 3.39, 17850, "United Kingdom"),
]


@pytest.fixture
def write_xlsx(tmp_path):
    """Writes sheets (name → rows, None for no cell) to a workbook."""

    def write(sheets, name="sales.xlsx"):
        path = tmp_path / name
        with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy hh:mm"}) as workbook:
            for title, rows in sheets.items():
                sheet = workbook.add_worksheet(title)
                for at, row in enumerate(rows):
                    for column, value in enumerate(row):
                        if value is not None:
                            sheet.write(at, column, value)
        return path

    return write


def change(path, edit=None, **members):
    """Rewrites a workbook with some members changed or added."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    for name, data in members.items():
        content[name.replace("__", "/").replace("_dot_", ".")] = data
    if edit:
        member, old, new = edit
        assert old in content[member]
        content[member] = content[member].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_all_sheets_are_read_as_files_of_their_own(read, write_xlsx):
    second = ["C536366", 22423, "REGENCY CAKESTAND 3 TIER", -1, dt.datetime(2011, 1, 5), 12.75]
    path = write_xlsx(
        {
            "Year 2009-2010": [HEADER, LANTERN, LANTERN],
            "Notes": [],
            "Year 2010-2011": [HEADER, [*second, None, "EIRE"]],
        }
    )
    rows = read(path)
    assert [(r["source_file"], r["source_file_number"], r["source_row_number"]) for r in rows] == [
        ("sales.xlsx#Year 2009-2010", 1, 1),
        ("sales.xlsx#Year 2009-2010", 1, 2),
        ("sales.xlsx#Year 2010-2011", 2, 1),
    ]
    assert rows[0]["invoice"] == "536365"
    assert rows[0]["customer_id"] == "17850"
    assert rows[0]["invoice_date"] == dt.datetime(2010, 12, 1, 8, 26)
    assert rows[0]["price"] == Decimal("3.39")
    last = rows[2]
    assert (last["invoice"], last["stock_code"], last["quantity"]) == ("C536366", "22423", -1)
    assert (last["customer_id"], last["invoice_date"]) == (None, dt.datetime(2011, 1, 5))


def test_cells_of_mixed_types_keep_their_own_meaning(read, write_xlsx):
    rows = [
        [536365, "00123", 15, "6", "2010-12-01 08:26", "3,39", "17850.0", None],
        ["A536366", 0, "x", 6.5, "31.01.2011", 2.5, "C 1", None],
        [True, "A", dt.datetime(2010, 12, 1), "six", 40513, 1, 0, None],
        ["1", "A", "x", 1, dt.datetime(2010, 12, 1), "£1", 1, None],
    ]
    found = read(write_xlsx({"S": [HEADER, *rows]}), decimal_separator=",")
    assert [row["parse_error"] for row in found] == [
        *(None, "unparseable_quantity", "unparseable_date", "unparseable_price"),
    ]
    assert [row["price"] for row in found] == [Decimal("3.39"), Decimal("2.5"), Decimal(1), None]
    assert [row["invoice"] for row in found] == ["536365", "A536366", "TRUE", "1"]
    assert [row["stock_code"] for row in found] == ["00123", "0", "A", "A"]
    assert [row["customer_id"] for row in found] == ["17850", "C 1", "0", "1"]
    assert found[0]["description"] == "15"
    assert found[1]["invoice_date"] == dt.datetime(2011, 1, 31)
    assert json.loads(found[2]["source_record"])["invoice_date"] == "40513.0"


def test_blank_rows_are_no_rows_but_keep_their_numbers(read, write_xlsx):
    blank = [None] * 8
    rows = read(write_xlsx({"S": [blank, HEADER, LANTERN, blank, LANTERN]}))
    assert [row["source_row_number"] for row in rows] == [1, 3]


def test_a_sheet_without_the_columns_is_named(read, write_xlsx):
    path = write_xlsx({"Sales": [HEADER, LANTERN], "Targets": [["Month", "£"], ["May", 5]]})
    with pytest.raises(UnusableInputError, match=r"sales\.xlsx#Targets: required columns.*'Month'"):
        read(path)


def test_a_workbook_with_a_header_only_has_no_rows(read, write_xlsx):
    with pytest.raises(UnusableInputError, match="no data rows"):
        read(write_xlsx({"S": [HEADER]}))


def test_nothing_is_left_behind(read, write_xlsx, tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    path = write_xlsx({"S": [HEADER, LANTERN]})
    assert len(read(path)) == 1
    assert list(scratch.iterdir()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["sales.xlsx", "scratch"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "not a zip file"),
        (b"Invoice,StockCode\n", "not a zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password or an old .xls"),
    ],
)
def test_what_is_no_workbook_is_named_with_the_cause(read, tmp_path, content, cause):
    path = tmp_path / "sales.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnusableInputError, match=cause) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_damaged_workbook_is_named_with_the_cause(read, write_xlsx):
    path = write_xlsx({"S": [HEADER, *[LANTERN] * 500]})
    content = bytearray(path.read_bytes())
    at = content.index(b"xl/worksheets/sheet1.xml") + 300
    content[at : at + 50] = bytes(50)
    path.write_bytes(content)
    with pytest.raises(UnusableInputError, match="can't be read as an Excel workbook"):
        read(path)


def test_a_truncated_workbook_is_refused(read, write_xlsx):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnusableInputError, match="can't be read as an Excel workbook"):
        read(path)


def test_a_sheet_that_breaks_off_is_not_read_in_part(read, write_xlsx):
    path = write_xlsx({"S": [HEADER, *[LANTERN] * 500]})
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    cut = sheet.index(b"</row>", len(sheet) // 2) + len(b"</row>")
    change(path, xl__worksheets__sheet1_dot_xml=sheet[:cut] + b"</worksheet>")
    with pytest.raises(UnusableInputError, match=r"can't be read as an Excel workbook: ."):
        read(path)


def test_a_zip_without_sheets_is_no_workbook(read, tmp_path):
    path = tmp_path / "sales.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(UnusableInputError, match="no worksheets"):
        read(path)


def test_a_workbook_whose_list_of_sheets_is_broken_is_refused(read, write_xlsx):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    change(path, edit=("xl/workbook.xml", b"<sheets>", b"<sheets><broken"))
    with pytest.raises(UnusableInputError, match="an Excel workbook: it lists no sheets"):
        read(path)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"xl__vbaProject_dot_bin": b"x"}, "has macros"),
        ({"xl__externalLinks__externalLink1_dot_xml": b"<a/>"}, "refers to other workbooks"),
        ({"xl__embeddings__inner_dot_xlsx": b"x"}, "has an archive inside"),
        ({"xl__media__image1_dot_png": b"PK\x03\x04 in disguise"}, "has an archive inside"),
        (
            {"xl__extra_dot_xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'},
            "entit",
        ),
    ],
)
def test_a_workbook_with_more_than_data_is_refused(read, write_xlsx, members, fault):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    change(path, **members)
    with pytest.raises(UnusableInputError, match=f"is not read: the workbook .*{fault}"):
        read(path)


@pytest.mark.parametrize(
    "far_cell",
    [b'<c r="XFD1048576"><v>1</v></c>', b'<c r="B1048576"><v>1</v></c><c r="ZZ1"><v>1</v></c>'],
)
def test_two_far_corners_do_not_fill_the_memory(read, write_xlsx, far_cell):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    assert path.stat().st_size < 10_000
    change(path, edit=("xl/worksheets/sheet1.xml", b"</row>", far_cell + b"</row>"))
    with pytest.raises(UnusableInputError, match=r"spans 1,048,576 rows"):
        read(path)


@pytest.mark.parametrize("far_cell", [b'<c r="AAAA1"><v>1</v></c>', b'<c r="B1234567890123"/>'])
def test_cells_that_no_sheet_has_are_refused(read, write_xlsx, far_cell):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    change(path, edit=("xl/worksheets/sheet1.xml", b"</row>", far_cell + b"</row>"))
    with pytest.raises(UnusableInputError, match="refers to cells that no sheet has"):
        read(path)


def test_a_bomb_is_refused_by_what_comes_out_of_it(read, write_xlsx, monkeypatch):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    bomb = (b" " * (1 << 20)) * 40
    change(path, xl__bomb_dot_bin=bomb)
    monkeypatch.setattr(xlsx, "MAX_UNCOMPRESSED_BYTES", len(bomb))
    assert path.stat().st_size < 100_000
    with pytest.raises(UnusableInputError, match="inflates to more than"):
        read(path)


def test_a_workbook_of_very_many_members_is_refused(read, write_xlsx):
    path = write_xlsx({"S": [HEADER, LANTERN]})
    change(path, **{f"xl__m{number}_dot_xml": b"" for number in range(xlsx.MAX_MEMBERS)})
    with pytest.raises(UnusableInputError, match="files inside, more than 1,000"):
        read(path)


def test_the_child_has_no_more_memory_than_its_limit(read, write_xlsx, monkeypatch):
    # A narrow sheet within the limits of cells, whose reader wants more than the limit of memory.
    pytest.importorskip("resource")
    path = write_xlsx({"S": [HEADER, LANTERN]})
    far = b'<c r="Z999999"><v>1</v></c></row>'
    change(path, edit=("xl/worksheets/sheet1.xml", b"</row>", far))
    monkeypatch.setattr(xlsx, "CHILD_MEMORY_BYTES", 400 << 20)
    with pytest.raises(UnusableInputError, match="could not be read within"):
        read(path)


def test_a_child_that_takes_too_long_is_ended(read, write_xlsx, monkeypatch):
    def never(*_, **kwargs):
        raise subprocess.TimeoutExpired("xlsx_child", kwargs["timeout"])

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(UnusableInputError, match="more than 30 minutes"):
        read(write_xlsx({"S": [HEADER, LANTERN]}))
