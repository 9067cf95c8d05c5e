"""What an upload needs of a published database: compiled SQL, seeds, fits, models and settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from regulars.errors import RegularsError
from regulars.predictions.score import Serving, read_registry
from regulars.warehouse import REPLAY_SCHEMA, SEEDS_SCHEMA

# What an upload brings itself, and what the published fits and models answer; all else is compiled SQL.
RAW_ROWS = "py_raw_transactions"
AS_OF_DATES = "int_as_of_dates"
SCORES = "py_customer_scores"
FITS = ("cluster_scalers", "cluster_centroids", "cluster_whitening")
ELIGIBILITY = "model_eligibility"
SNAPSHOTS = "training_snapshots"
CLASSIFIED = "int_transactions_classified"
# What is asked of an upload.
TARGETS = (
    "customer_rfm",
    "customer_segments",
    "customers",
    "customer_features",
    "customer_clusters",
    "customer_scores",
    "data_quality_ledger",
    "data_quality_observations",
    "set_aside_rows",
)

# An upload is compared with so many customers of the training population, the first by a hash of the id.
BASELINE_CUSTOMERS = 20_000


class NoKitError(RegularsError):
    """The database was published without the SQL that made it, or holds part of the models only."""


@dataclass(frozen=True)
class CompiledModel:
    """One model as it was built.

    Attributes:
        name: Name in the project.
        relation: Quoted schema and table.
        is_view: Whether dbt made a view of it.
        sql: What dbt compiled; None for what is given.
        columns: Names and types of a mart's contract; None where the SQL decides.
    """

    name: str
    relation: str
    is_view: bool
    sql: str | None
    columns: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True)
class Kit:
    """All that classifying takes, independent of the database once read.

    Attributes:
        models: In the order in which they run.
        tables: Seeds and fits by relation.
        settings: Vars that the database was built with.
        serving: The models that score.
        training_date: First day that the training population does not count.
        baseline: Features of (at most `BASELINE_CUSTOMERS`) customers of the training population.
        clusters: recipe, cluster_id, cluster_name, interpretation, recommended_actions.
        recipes: Names of the segmentation recipes, in display order.
        segments: Names of the segments, in display order.
    """

    models: tuple[CompiledModel, ...]
    tables: Mapping[str, pa.Table]
    settings: Mapping[str, Any]
    serving: Serving
    training_date: date
    baseline: pa.Table
    clusters: pa.Table
    recipes: tuple[str, ...]
    segments: tuple[str, ...]

    def schemas(self) -> list[str]:
        """Quoted schemas that the relations lie in, sorted."""
        return sorted({model.relation.split(".")[0] for model in self.models})


def read_kit(connection: duckdb.DuckDBPyConnection) -> Kit:
    """Read the kit of a published database.

    Args:
        connection: With the published database as the one that unqualified names mean.

    Returns:
        The kit; the connection is not needed any more.

    Raises:
        NoKitError: The database lacks what classifying takes.
    """
    rows = _compiled(connection)
    order: list[str] = []
    for target in TARGETS:
        _visit(target, rows, order)
    columns = _contracts(connection)
    models = tuple(
        CompiledModel(
            name=name,
            relation=_relation(rows[name]["schema_name"], rows[name]["table_name"]),
            is_view=rows[name]["materialized"] == "view",
            sql=None if _is_given(name, rows) else rows[name]["compiled_sql"],
            columns=columns.get(name),
        )
        for name in order
    )
    given = [model for model in models if _is_table(model.name, rows)]
    tables = {
        model.relation: connection.execute(f"from {model.relation}").to_arrow_table()
        for model in given
    }
    return Kit(
        models=models,
        tables=tables,
        settings={
            name: json.loads(value)
            for name, value in connection.execute("from build_settings").fetchall()
        },
        serving=read_registry(connection.execute("from model_registry").df()),
        training_date=connection.execute("select max(as_of_date) from customers").fetchall()[0][0],
        baseline=_baseline(connection),
        clusters=connection.execute(
            "select recipe, cluster_id, cluster_name, interpretation, recommended_actions "
            "from cluster_profiles order by recipe, cluster_id"
        ).to_arrow_table(),
        recipes=_column(
            connection,
            f"select recipe from {SEEDS_SCHEMA}.segmentation_recipes order by display_order",
        ),
        segments=_column(
            connection, f"select segment from {SEEDS_SCHEMA}.segments order by display_order"
        ),
    )


def _compiled(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    try:
        result = connection.execute(f"from {REPLAY_SCHEMA}.compiled_models")
    except duckdb.CatalogException as error:
        raise NoKitError(
            "The database was published without the SQL that made it. Build it again: `regulars build`."
        ) from error
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return {row["model_name"]: row for row in rows}


def _visit(name: str, rows: Mapping[str, dict[str, Any]], order: list[str]) -> None:
    if name in order:
        return
    if name not in rows:
        raise NoKitError(
            f"The database was published without the model {name}. Build all of it: `regulars build`."
        )
    for parent in _parents(name, rows):
        _visit(parent, rows, order)
    order.append(name)


def _parents(name: str, rows: Mapping[str, dict[str, Any]]) -> list[str]:
    if name in (RAW_ROWS, ELIGIBILITY, *FITS):
        return []
    if name == SCORES:
        return [SNAPSHOTS]
    return json.loads(rows[name]["parents"])


def _is_table(name: str, rows: Mapping[str, dict[str, Any]]) -> bool:
    return rows[name]["materialized"] == "seed" or name in (ELIGIBILITY, *FITS)


def _is_given(name: str, rows: Mapping[str, dict[str, Any]]) -> bool:
    return _is_table(name, rows) or name in (RAW_ROWS, AS_OF_DATES, SCORES)


def _contracts(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'main' and not internal and database_name = current_database() "
        "order by table_name, column_index"
    ).fetchall()
    contracts: dict[str, list[tuple[str, str]]] = {}
    for table, column, data_type in rows:
        contracts.setdefault(table, []).append((column, data_type))
    return {table: tuple(columns) for table, columns in contracts.items()}


def _baseline(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return connection.execute(
        "from customer_features where as_of_date = (select max(as_of_date) from customers) "
        "order by md5(customer_id), customer_id limit ?",
        [BASELINE_CUSTOMERS],
    ).to_arrow_table()


def _column(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    return tuple(name for (name,) in connection.execute(query).fetchall())


def _relation(schema: str, table: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
