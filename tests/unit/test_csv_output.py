"""CSV comes back as it went in, and no text becomes a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pytest

from regulars.csv_output import ROWS_AT_ONCE, write_csv

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+44 20 7946 0000",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1+1",
]
HARMLESS = [
    'MUG, "LARGE"',
    "TWO\nLINES\r\nTHREE",
    "HEART \U0001f49c",
    "\u05e9\u05dc\u05d5\u05dd",
    "50%=HALF",
    " =1+1",
    "'quoted",
    "",
]


def written(connection: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> str:
    out = io.StringIO(newline="")
    write_csv(connection.execute(sql, list(parameters)), out)
    return out.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_looks_like_a_formula_is_neutralised(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    read = list(csv.reader(io.StringIO(written(connection, "select ? as c", text), newline="")))
    assert read == [["c"], ["'" + text]]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_come_back_as_they_were(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    sql = "select ? as c, 1 as d"
    read = list(csv.reader(io.StringIO(written(connection, sql, text), newline="")))
    assert read == [["c", "d"], [text, "1"]]


def test_numbers_dates_and_nulls_stay_what_they_are(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    sql = (
        "select -5 as units, -12.5000::decimal(18, 4) as money, -0.25::double as ratio, date '2011-12-09' as day, "
        "timestamp '2011-12-09 12:50:00' as at, true as yes, false as no, null as nothing"
    )
    assert written(connection, sql) == (
        "units,money,ratio,day,at,yes,no,nothing\r\n"
        "-5,-12.5000,-0.25,2011-12-09,2011-12-09 12:50:00,true,false,\r\n"
    )


def test_a_result_without_rows_has_a_header(connection: duckdb.DuckDBPyConnection) -> None:
    assert written(connection, "select 1 as a, 2 as b where false") == "a,b\r\n"
    assert written(connection, 'select 1 as "=a"') == "'=a\r\n1\r\n"


def test_rows_are_counted_and_read_in_batches(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    wanted = 2 * ROWS_AT_ONCE + 1
    asked: list[int] = []

    class Watched:
        description = (("n",),)

        def __init__(self, result: duckdb.DuckDBPyConnection) -> None:
            self.result = result

        def fetchmany(self, size: int) -> list[tuple[int]]:
            asked.append(size)
            return self.result.fetchmany(size)

    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        result = Watched(connection.execute(f"select range as n from range({wanted})"))
        assert write_csv(result, out) == wanted
    assert asked == [ROWS_AT_ONCE] * 4
    assert path.read_bytes().count(b"\r\n") == wanted + 1
