"""The shop's transactions as Parquet files like UCI's."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.simulate.settings import ShopSettings
from regulars.simulate.stream import TRANSACTION_SCHEMA, simulate_batches

FILE_NAMES = ("sales_part_1.parquet", "sales_part_2.parquet")
ROW_GROUP_ROWS = 122_880  # DuckDB's own size
UCI_COLUMNS = [name for name in TRANSACTION_SCHEMA.names if name != "source_file_number"]


def write_parquet(settings: ShopSettings, directory: Path) -> list[Path]:
    """Stream the shop's transactions to two Parquet files in UCI's columns.

    The files are written under temporary names and take their own only when both are complete, so
    a failure leaves neither behind, and files of an earlier run stay as they were.

    Args:
        settings: Size, period and seed of the shop.
        directory: Where to write; made if it does not exist.

    Returns:
        The two files, in order of time.

    Raises:
        OSError: The files cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / name for name in FILE_NAMES]
    partial_paths = [path.with_name(f".{path.name}.partial") for path in paths]
    try:
        with ExitStack() as stack:
            writers = [stack.enter_context(_BufferedWriter(path)) for path in partial_paths]
            for batch in simulate_batches(settings):
                number = batch.column("source_file_number")[0].as_py()
                writers[number - 1].write(batch.select(UCI_COLUMNS))
        for partial_path, path in zip(partial_paths, paths, strict=True):
            partial_path.replace(path)
    finally:
        for partial_path in partial_paths:
            partial_path.unlink(missing_ok=True)
    return paths


class _BufferedWriter:
    """Writes batches as row groups of `ROW_GROUP_ROWS` rows or a little more."""

    def __init__(self, path: Path) -> None:
        schema = TRANSACTION_SCHEMA.remove(0)
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def __enter__(self) -> _BufferedWriter:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._flush()
        finally:
            self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches)
            self._writer.write_table(table, row_group_size=self._rows)
        self._batches, self._rows = [], 0
