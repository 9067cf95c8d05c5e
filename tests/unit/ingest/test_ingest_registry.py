"""What the registry keeps of a file, and what it names the file's rows by."""

from dataclasses import replace

import pytest

from regulars.ingest.dates import DateReading, NumericForm, TextDates
from regulars.ingest.registry import (
    REGISTRY_SCHEMA,
    FileStamp,
    RegisteredSource,
    file_keys,
    read_registry,
    registry_table,
    stamp_file,
)

FORM = NumericForm("/", 4, " ", True, False, None)
READING = DateReading(
    reads_iso=True,
    reads_offset=False,
    is_padded=False,
    is_only_iso=True,
    patterns=(),
    timezone="Europe/London",
)
SOURCE = RegisteredSource(
    stamp=FileStamp("/shop/a.csv", 120, 1_300_000_000_000_000_000, True, "ab" * 32),
    part=1,
    label="a.csv",
    reading="cd" * 16,
    dates=TextDates(
        row_count=3,
        has_iso=True,
        forms={FORM, replace(FORM, has_seconds=False)},
        day_first_example=("13/01/2011", "a.csv"),
    ),
    has_text_dates=True,
)


def test_sources_come_back_as_they_were():
    typed = replace(SOURCE, part=2, dates=TextDates(row_count=4), has_text_dates=False)
    table = registry_table([SOURCE, typed], ["k1", "k2"])
    assert table.schema == REGISTRY_SCHEMA
    assert table["source_file_number"].to_pylist() == [1, 2]
    assert read_registry(table) == {"/shop/a.csv": [SOURCE, typed]}


@pytest.mark.parametrize(
    "change",
    [
        {"label": "b.csv"},
        {"part": 2},
        {"reading": "ef" * 16},
        {"stamp": replace(SOURCE.stamp, sha256="cd" * 32)},
    ],
)
def test_what_rows_depend_on_is_in_their_key(change):
    assert file_keys([replace(SOURCE, **change)], READING) != file_keys([SOURCE], READING)


def test_place_and_time_are_not_in_the_key():
    stamp = replace(SOURCE.stamp, path="/elsewhere/a.csv", modified_ns=1, is_settled=False)
    assert file_keys([replace(SOURCE, stamp=stamp)], READING) == file_keys([SOURCE], READING)


def test_the_common_reading_of_dates_is_in_the_key_where_it_can_matter():
    other = replace(READING, is_only_iso=False, patterns=("%d/%m/%Y",))
    iso = replace(SOURCE, dates=TextDates(row_count=3, has_iso=True))
    typed = replace(SOURCE, has_text_dates=False)
    assert file_keys([SOURCE], other) != file_keys([SOURCE], READING)
    assert file_keys([iso, typed], other) == file_keys([iso, typed], READING)
    padded = replace(SOURCE, dates=TextDates(row_count=3, has_iso=True, has_padding=True))
    assert file_keys([padded], other) != file_keys([padded], READING)


def test_a_settled_file_is_known_by_size_and_time(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("one", encoding="utf-8")
    first = stamp_file(path, None)
    settled = replace(first, is_settled=True, sha256="known")
    assert stamp_file(path, settled) == settled
    assert stamp_file(path, replace(settled, is_settled=False)).sha256 == first.sha256
    assert stamp_file(path, replace(settled, byte_count=4)).sha256 == first.sha256
