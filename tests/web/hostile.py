"""Files that mean harm, or look as if they did: each with what must become of it."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tests.web.conftest import HEADER, SALES

COLUMNS = HEADER.strip().split(",")
SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: list[list[object]], **options: object) -> bytes:
    """An honest workbook."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True} | options) as book:
        sheet = book.add_worksheet("Sales")
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


def sales_rows() -> list[list[object]]:
    """The sales as cells."""
    rows: list[list[object]] = [list(COLUMNS)]
    for line in SALES.strip().splitlines()[1:]:
        cells = line.split(",")
        rows.append([cells[0], cells[1], cells[2], int(cells[3]), cells[4], float(cells[5]), int(cells[6]), cells[7]])  # fmt: skip
    return rows


def with_member(book: bytes, name: str, content: bytes) -> bytes:
    """A workbook with one more file inside."""
    buffer = io.BytesIO(book)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def with_sheet(book: bytes, xml: bytes) -> bytes:
    """A workbook whose first sheet is replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:  # fmt: skip
        for name in source.namelist():
            made.writestr(name, xml if name == SHEET else source.read(name))
    return target.getvalue()


def sheet(cells: bytes, dimension: bytes = b"A1:H2000000") -> bytes:
    """The XML of a sheet."""
    return (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="' + dimension + b'"/><sheetData>' + cells + b"</sheetData></worksheet>"
    )


def zip_bomb() -> bytes:
    """A workbook with a member of five gigabytes of blanks, five megabytes packed."""
    chunk = b" " * (1 << 22)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)  # the same wherever it stands
    repeats, checksum = 1200, 0
    for _ in range(repeats):
        checksum = zlib.crc32(chunk, checksum)
    packed = block * repeats + packer.flush()
    size = repeats * len(chunk)
    name = SHEET.encode()
    size_told = size & 0xFFFFFFFF  # a lie of the archive, besides
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, checksum, len(packed), size_told, len(name), 0)  # fmt: skip
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, checksum, len(packed), size_told, len(name), 0, 0, 0, 0, 0, 0)  # fmt: skip
    body = local + name + packed
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central) + len(name), len(body), 0)
    return body + central + name + end


def parquet(table: pa.Table) -> bytes:
    """A Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def line(**changed: str) -> str:
    """A row of sales with some of it changed."""
    cells = dict(zip(COLUMNS, SALES.splitlines()[1].split(","), strict=True)) | {
        key.replace("_", " "): value for key, value in changed.items()
    }
    return ",".join(cells[name] for name in COLUMNS) + "\n"


def files() -> Iterator[tuple[str, bytes | Callable[[], bytes], set[int]]]:
    """Name, content (or what makes it, where that takes long), and the statuses that are right."""
    honest = workbook(sales_rows())
    yield "zip bomb", zip_bomb, {422}
    yield "gzip bomb", lambda: gzip.compress(b"a," * (150 << 20), 6), {413}
    yield "bomb of quotes", (HEADER + '"' * (1 << 20)).encode(), {422}
    yield "a dimension of two million rows that is a lie", with_sheet(honest, sheet(b'<row r="1"><c r="A1" t="inlineStr"><is><t>Invoice</t></is></c></row>')), {422}  # fmt: skip
    yield "cells in two corners", with_sheet(honest, sheet(b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')), {422}  # fmt: skip
    yield "cells without references", with_sheet(honest, sheet(b"<row>" + b"<c><v>1</v></c>" * 20_000 + b"</row>")), {422}  # fmt: skip
    yield "rows that count wrongly", with_sheet(honest, sheet(b'<row r="99999999999"><c r="ZZZZ99999999999"><v>1</v></c></row>')), {422}  # fmt: skip
    yield "macros", with_member(honest, "xl/vbaProject.bin", b"\xd0\xcf\x11\xe0macro"), {422}
    yield "links to other workbooks", with_member(honest, "xl/externalLinks/externalLink1.xml", b"<a/>"), {422}  # fmt: skip
    yield "a workbook inside a workbook", with_member(honest, "xl/media/inner.xlsx", honest), {422}
    yield "an archive that hides inside", with_member(honest, "xl/media/picture.png", honest), {422}
    yield "entities", with_sheet(honest, b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><worksheet>&d;</worksheet>'), {422}  # fmt: skip
    yield "path names in the archive", with_member(honest, "../../../../tmp/regulars_escaped", b"x"), {200, 422}  # fmt: skip
    yield "absolute path names in the archive", with_member(honest, "/tmp/regulars_escaped", b"x"), {200, 422}  # fmt: skip
    yield "formula cells", workbook([COLUMNS, ["1", "A1", "=1+1", "=2*3", "2024-12-01", "=9", 7, '=HYPERLINK("http://x")']]), {422}  # fmt: skip
    yield "a cut workbook", honest[: len(honest) // 2], {422}
    yield "a workbook without sheets", with_member(b"PK\5\6" + b"\0" * 18, "xl/workbook.xml", b"<workbook/>"), {415, 422}  # fmt: skip
    yield "a zip archive of something else", with_member(b"PK\5\6" + b"\0" * 18, "readme.txt", b"hello"), {415}  # fmt: skip
    yield "a picture that is an archive too", b"GIF89a" + b"\0" * 40 + honest, {415}
    yield "a page that is CSV too", b"<html><script>alert(1)</script>\n" + SALES.encode(), {415}
    yield "a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"0" * 100, {415}
    yield "a program", b"\x7fELF" + bytes(range(256)), {415}
    yield "an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, {415}
    yield "UTF-16", SALES.encode("utf-16"), {415}
    yield "UTF-16 without a mark", SALES.encode("utf-16-le"), {415}
    yield "neither UTF-8 nor Windows-1252", SALES.encode() + b"\x81\x8d\x8f\x90\x9d" * 10, {422}
    yield "NUL bytes", SALES.replace("GLASS", "GL\0SS").encode(), {415, 422}
    yield "NUL bytes far in", (SALES * 3000).encode() + b"\0", {422}
    yield "nothing", b"", {422}
    yield "blanks", b" \n\n \t\n", {422}
    yield "a header alone", HEADER.encode(), {422}
    yield "a header without an end", b"Invoice," * 300_000, {422}
    yield "ten thousand columns", (",".join(f"column {n}" for n in range(10_000)) + "\n" + "," * 9_999 + "\n").encode(), {422}  # fmt: skip
    yield "ten thousand columns more than needed", "".join(row + "," * 10_000 + "\n" for row in SALES.splitlines()).encode(), {200, 422}  # fmt: skip
    yield "a column twice", SALES.replace("Country", "Quantity", 1).encode(), {422}
    yield "the same column by two names", SALES.replace("Country", "InvoiceNo", 1).encode(), {422}
    yield "mixed delimiters", (HEADER + SALES.splitlines()[1].replace(",", ";") + "\n" + SALES.splitlines()[2].replace(",", "\t") + "\n").encode(), {422}  # fmt: skip
    yield "cut in the middle of a field", SALES.encode()[:-30], {200}
    yield "a quote that is never closed", (HEADER + '1,A1,"MUG,1,2024-01-01,2.5,7,\n' + line()).encode(), {200}  # fmt: skip
    yield "text in quantities", (HEADER + line(Quantity="twelve") + line()).encode(), {200}
    yield "infinite and undefined numbers", (HEADER + "".join(line(Price=p, Quantity=q) for p, q in (("inf", "1"), ("nan", "1"), ("1e999", "1"), ("1", "inf"), ("-inf", "2"))) + line()).encode(), {200}  # fmt: skip
    yield "negative prices", (HEADER + line(Price="-6.95") + line()).encode(), {200}
    yield "the largest numbers there are", (HEADER + line(Quantity="9223372036854775807", Price="99999999999999.9999") + line(Quantity="-9223372036854775808", Price="99999999999999.9999")).encode(), {200, 422}  # fmt: skip
    yield "many large numbers", (HEADER + line(Quantity="99999999", Price="99999.99") * 5000).encode(), {200, 422}  # fmt: skip
    yield "dates of year 1 and 9999", (HEADER + line(InvoiceDate="0001-01-01 00:00") + line(InvoiceDate="9999-12-31 23:59") + line()).encode(), {200}  # fmt: skip
    yield "nothing but dates of year 9999", (HEADER + line(InvoiceDate="9999-12-31 23:59")).encode(), {422}  # fmt: skip
    yield "dates that are none", (HEADER + line(InvoiceDate="2024-02-30 25:61") + line()).encode(), {200}  # fmt: skip
    yield "infinity as a date", (HEADER + line(InvoiceDate="infinity") + line()).encode(), {200}
    yield "dates of either order", (HEADER + line(InvoiceDate="01/02/2024 10:00")).encode(), {422}
    yield "cancellations alone", (HEADER + line(Invoice="C1", Quantity="-1")).encode(), {422}
    yield "SQL in cells", (HEADER + line(Customer_ID="'; drop table customers; --", Country="'||(select 1)||'")).encode(), {200}  # fmt: skip
    yield "SQL in column names", ('"Invoice""; drop table customers; --",' + SALES.split(",", 1)[1]).encode(), {422}  # fmt: skip
    yield "scripts in cells", (HEADER + line(Customer_ID="<script>alert(1)</script>", Description="{{7*7}}")).encode(), {200}  # fmt: skip
    yield "formulas in cells", (HEADER + line(Customer_ID="=cmd|'/c calc'!A1")).encode(), {200}
    yield "paths in cells", (HEADER + line(Customer_ID="../../etc/passwd", Description="file:///etc/passwd")).encode(), {200}  # fmt: skip
    yield "a very long cell", (HEADER + line(Description="A" * 3_000_000)).encode(), {200, 422}
    yield "right-to-left and emoji", (HEADER + line(Customer_ID="\u202egnp.exe\U0001f4a3", Country="\u0000".replace("\0", ""))).encode(), {200}  # fmt: skip
    yield "Parquet that is cut", parquet(pa.table({"Invoice": ["1"]}))[:-20], {422}
    yield "Parquet in name only", b"PAR1" + b"\xff" * 64 + b"PAR1", {422}
    yield "Parquet with a footer that lies", b"PAR1" + struct.pack("<I", 0x7FFFFFFF) + b"PAR1", {422}  # fmt: skip
    yield "Parquet with nested columns", parquet(pa.table({name: [[{"a": 1}]] for name in COLUMNS})), {422}  # fmt: skip
    yield "Parquet without rows", parquet(pa.table({name: pa.array([], pa.string()) for name in COLUMNS})), {422}  # fmt: skip
    yield "Parquet of odd types", parquet(pa.table({"Invoice": [b"\xff\xfe"], "StockCode": [1.5], "Description": [True], "Quantity": [float("inf")], "InvoiceDate": [10**18], "Price": ["x"], "Customer ID": [7], "Country": [None]})), {422}  # fmt: skip
    yield "gzip that is cut", gzip.compress(SALES.encode())[:-10], {422}
    yield "gzip of a picture", gzip.compress(b"\x89PNG\r\n" + b"\0" * 100), {422}
    yield "gzip of gzip", gzip.compress(gzip.compress(SALES.encode())), {422}
