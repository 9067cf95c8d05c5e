"""Loads that open only what is new, and yield what a reading of all files yields."""

import os
from pathlib import Path

import pytest
import xlsxwriter

from regulars.errors import UnusableInputError
from regulars.ingest import loading, read_registered, read_transactions, register_files

LONG_AGO = (1_300_000_000, 1_300_000_000)


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Names of the files that are opened, in turn."""
    names: list[str] = []
    open_file = loading.open_file

    def note(connection, file, settings):
        names.append(file.path.name)
        return open_file(connection, file, settings)

    monkeypatch.setattr(loading, "open_file", note)
    return names


@pytest.fixture
def write_sale(write_csv):
    """Writes a CSV file of one sale with the given date, last changed long ago."""

    def write(name: str, day: str, quantity: int = 6) -> Path:
        path = write_csv([f"536365,71053,LANTERN,{quantity},{day},3.39,17850,EIRE"], name=name)
        os.utime(path, LONG_AGO)
        return path

    return write


@pytest.fixture
def register(connection, settings, tmp_path):
    """Registers the files of the folder, given the registry of the load before."""

    def run(known=None, **changes):
        return register_files(connection, [str(tmp_path)], known=known, **{**settings, **changes})

    return run


def keys(registry) -> dict[str, str]:
    return {row["source_file"]: row["file_key"] for row in registry.to_pylist()}


def test_rows_are_those_of_a_reading_of_all_files(
    connection, settings, tmp_path, write_sale, register
):
    write_sale("a.csv", "2010-12-01 08:26")
    write_sale("b.csv", "not a date")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    with xlsxwriter.Workbook(tmp_path / "c.xlsx") as workbook:
        for name in ("One", "Two"):
            sheet = workbook.add_worksheet(name)
            names = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price"]
            sheet.write_row(0, 0, [*names, "Customer ID"])
            sheet.write_row(1, 0, ["5", "A", name, 1, "2011-01-02", 2.5, 7])
    expected = read_transactions(connection, [str(tmp_path)], **settings).fetchall()
    rows = read_registered(connection, register(), loaded=set(), **settings)
    found = rows.fetchall()
    assert [row[:-1] for row in found] == expected
    assert len({row[-1] for row in found}) == 4


def test_files_that_are_loaded_are_not_opened(connection, settings, opened, write_sale, register):
    write_sale("a.csv", "2010-12-01")
    first = register()
    loaded = set(keys(first).values())
    read_registered(connection, first, loaded=set(), **settings)
    assert opened == ["a.csv"]  # once for both steps
    write_sale("0.csv", "2010-11-01")
    second = register(first)
    assert [row["source_file"] for row in second.to_pylist()] == ["0.csv", "a.csv"]
    rows = read_registered(connection, second, loaded=loaded, **settings)
    assert opened == ["a.csv", "0.csv"]
    assert [(row[0], row[1]) for row in rows.fetchall()] == [("0.csv", 1)]
    assert (
        read_registered(connection, second, loaded=set(keys(second).values()), **settings) is None
    )


def test_a_file_that_was_only_touched_is_not_opened(opened, write_sale, register):
    path = write_sale("a.csv", "2010-12-01")
    first = register()
    os.utime(path)
    second = register(first)
    assert opened == ["a.csv"]
    assert keys(second) == keys(first)
    assert second["modified_ns"] != first["modified_ns"]


def test_a_correction_of_the_same_size_is_seen(write_sale, register):
    write_sale("a.csv", "2010-12-01", quantity=6)
    first = register()
    path = write_sale("a.csv", "2010-12-01", quantity=7)
    os.utime(path, (LONG_AGO[0] + 1, LONG_AGO[0] + 1))
    assert keys(register(first)) != keys(first)


def test_a_correction_within_a_tick_of_the_clock_is_seen(write_sale, register):
    path = write_sale("a.csv", "2010-12-01", quantity=6)
    os.utime(path)
    now = path.stat()
    first = register()
    assert first["is_settled"].to_pylist() == [False]
    write_sale("a.csv", "2010-12-01", quantity=7)
    os.utime(path, ns=(now.st_atime_ns, now.st_mtime_ns))
    assert keys(register(first)) != keys(first)


def test_other_settings_open_every_file(opened, write_sale, register):
    write_sale("a.csv", "2010-12-01")
    first = register()
    second = register(first, decimal_separator=",")
    assert opened == ["a.csv", "a.csv"]
    assert keys(second) != keys(first)


def test_what_a_new_file_says_of_all_dates_reaches_those_that_it_matters_to(
    connection, settings, write_sale, register
):
    write_sale("a.csv", "2010-12-13")
    write_sale("b.csv", "13/12/2010")
    first = register()
    write_sale("c.csv", "14/12/2010 08:26")  # another form to look for
    second = register(first)
    assert keys(second)["a.csv"] == keys(first)["a.csv"]
    assert keys(second)["b.csv"] != keys(first)["b.csv"]
    rows = read_registered(connection, second, loaded=set(keys(first).values()), **settings)
    assert [row[0] for row in rows.fetchall()] == ["b.csv", "c.csv"]


def test_the_order_of_day_and_month_is_decided_by_known_files_too(write_sale, register):
    write_sale("a.csv", "13/12/2010")
    first = register()
    write_sale("b.csv", "12/13/2010")
    with pytest.raises(UnusableInputError, match="written in two orders"):
        register(first)


def test_equal_files_of_the_same_name_are_told_apart(connection, settings, write_sale):
    path = write_sale("a.csv", "2010-12-01")
    folder = path.parent / "copy"
    folder.mkdir()
    copy = folder / "a.csv"
    copy.write_bytes(path.read_bytes())
    registry = register_files(connection, [str(path), str(copy)], known=None, **settings)
    found = registry["file_key"].to_pylist()
    assert len(set(found)) == 2
    alone = register_files(connection, [str(copy)], known=None, **settings)
    assert alone["file_key"].to_pylist() == found[:1]  # where a file lies decides about no row


def test_a_file_that_changes_in_between_is_refused(connection, settings, write_sale, register):
    path = write_sale("a.csv", "2010-12-01")
    registry = register()
    write_sale("a.csv", "2010-12-02 11:00")
    with pytest.raises(UnusableInputError, match="changed while it was read"):
        read_registered(connection, registry, loaded=set(), **settings)
    path.unlink()
    with pytest.raises(UnusableInputError, match="changed while it was read"):
        read_registered(connection, registry, loaded=set(), **settings)


def test_a_registry_of_other_settings_is_refused(connection, settings, write_sale, register):
    write_sale("a.csv", "2010-12-01")
    registry = register()
    with pytest.raises(UnusableInputError, match="other settings"):
        read_registered(
            connection, registry, loaded=set(), **{**settings, "decimal_separator": ","}
        )


def test_files_without_rows_are_no_use(write_csv, register):
    write_csv([], name="a.csv")
    with pytest.raises(UnusableInputError, match="no data rows"):
        register()
