"""Tables of Spark for the Python models, which speak to DuckDB: in and out by Parquet, never by way of a list."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from regulars.engine import BatchFunction

# What Parquet has no type for, or Spark cannot read: the type that it is written as.
_WRITTEN_AS = {
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "HUGEINT": "decimal(38, 0)",
}


class SparkEngine:
    """What a Python model gets as its session: a DuckDB connection whose tables are Spark's."""

    def __init__(self, spark: SparkSession) -> None:
        """Open it.

        Args:
            spark: The session that dbt builds in.
        """
        warehouse = spark.conf.get("spark.sql.warehouse.dir", None)
        if warehouse:
            warehouse = Path(warehouse.removeprefix("file:"))
            warehouse.mkdir(parents=True, exist_ok=True)
        self._spark = spark
        self._folder = Path(tempfile.mkdtemp(prefix=".python_model_", dir=warehouse))
        self._connection = duckdb.connect(
            config={
                "temp_directory": str(self._folder / "spill"),
                # as the DuckDB target's, see profiles.yml
                "memory_limit": os.environ.get("REGULARS_MEMORY_LIMIT", "4GB"),
            }
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection and remove what was written for it."""
        self._connection.close()
        shutil.rmtree(self._folder)

    def __getattr__(self, name: str) -> object:
        """Return what the DuckDB connection has under that name."""
        return getattr(self._connection, name)

    def table(self, name: str) -> duckdb.DuckDBPyRelation:
        """Return a table or view of Spark as a relation of DuckDB."""
        folder = self._folder / name.replace("`", "")
        if not folder.exists():
            self._spark.table(name).write.parquet(folder.as_uri())
        if not any(folder.glob("*.parquet")):  # Sail writes no file where there are no rows
            return self._connection.from_arrow(self._spark.table(name).toArrow())
        return self._connection.read_parquet(f"{folder}/*.parquet")

    def map_batches(
        self,
        rows: duckdb.DuckDBPyRelation,
        function: BatchFunction,
        *,
        schema: pa.Schema,
        order: Sequence[str],
    ) -> DataFrame:
        """Let executors see all rows, as `regulars.engine.map_batches` describes it."""
        frame = self.frame(rows)
        if order:
            frame = frame.repartition(order[0]).sortWithinPartitions(*order)
        return frame.mapInArrow(function, from_arrow_schema(schema, prefer_timestamp_ntz=True))

    def frame(
        self,
        rows: DataFrame | duckdb.DuckDBPyRelation | pd.DataFrame | pa.Table | pa.RecordBatchReader,
    ) -> DataFrame:
        """Return what a Python model returned as a frame of Spark.

        Args:
            rows: A frame of Spark already, a relation, a pandas frame, an Arrow table or a reader of Arrow batches.
        """
        if isinstance(rows, DataFrame):
            return rows
        if isinstance(rows, pd.DataFrame):
            relation = self._connection.from_df(rows)
        elif isinstance(rows, pa.Table | pa.RecordBatchReader):
            relation = self._connection.from_arrow(rows)
        else:
            relation = rows
        columns = ", ".join(
            f'cast("{column}" as {_WRITTEN_AS[str(kind)]}) as "{column}"'
            if str(kind) in _WRITTEN_AS
            else f'"{column}"'
            for column, kind in zip(relation.columns, relation.types, strict=True)
        )
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        relation.select(columns).write_parquet(f"{folder}/rows.parquet")
        return self._spark.read.parquet(folder.as_uri())
