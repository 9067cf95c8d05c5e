"""Realistic files of a gift shop's transactions, and a reader with the usual settings."""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest

from regulars.ingest import read_transactions

HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
HOLDER = (
    "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,"
    "17850.0,United Kingdom"
)
LANTERN = "536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850.0,United Kingdom"
SETTINGS = {
    "column_mapping": {},
    "date_format": "auto",
    "decimal_separator": ".",
    "source_timezone": "Europe/London",
}


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def settings() -> dict:
    return dict(SETTINGS)


@pytest.fixture
def read(connection) -> Callable[..., list[dict]]:
    """Reads paths into dicts, with the usual settings save for those given."""

    def read_rows(*paths: str | Path, **settings) -> list[dict]:
        relation = read_transactions(
            connection, [str(path) for path in paths], **{**SETTINGS, **settings}
        )
        rows = relation.fetchall()
        return [dict(zip(relation.columns, row, strict=True)) for row in rows]

    return read_rows


@pytest.fixture
def write_csv(tmp_path) -> Callable[..., Path]:
    """Writes lines below UCI's header (or another first line) to a file."""

    def write(
        lines: Sequence[str],
        name: str = "sales.csv",
        header: str = HEADER,
        encoding: str = "utf-8",
        end: str = "\n",
    ) -> Path:
        path = tmp_path / name
        path.write_bytes("".join(line + end for line in [header, *lines]).encode(encoding))
        return path

    return write


@pytest.fixture
def holder() -> str:
    """A line of UCI's second year, under UCI's header."""
    return HOLDER


@pytest.fixture
def lantern() -> str:
    """Another line of the same invoice."""
    return LANTERN
