"""The very SQL of the build on a file of transactions, in a private DuckDB in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regulars.classify.drift import FeatureDrift, measure_drift
from regulars.classify.kit import (
    AS_OF_DATES,
    CLASSIFIED,
    RAW_ROWS,
    SCORES,
    SNAPSHOTS,
    CompiledModel,
    Kit,
    NoKitError,
)
from regulars.errors import NoUsableRowsError, TooLargeError
from regulars.ingest import read_transactions
from regulars.predictions.batches import SCORE_SCHEMA, score_customers
from regulars.predictions.train import LABEL_DAYS

# What a row that counts is, as in int_as_of_dates.
KEPT = ("sale", "return", "anonymous_sale", "anonymous_return")
# What is read once, and not whole: a view.
READ_ONCE = ("set_aside_rows",)
READING = ("column_mapping", "date_format", "decimal_separator", "source_timezone")

_CUSTOMERS = """
    select
        rfm.customer_id,
        segments.segment,
        customers.primary_country,
        customers.confidence_tier,
        customers.timing_persona,
        rfm.recency_days,
        rfm.frequency,
        rfm.monetary,
        rfm.r_score,
        rfm.f_score,
        rfm.m_score,
        rfm.rfm_score,
        scores.churn_probability_90d,
        scores.churn_risk_band,
        scores.clv_90d,
        scores.clv_90d_low,
        scores.clv_90d_high,
        scores.clv_tier,
        scores.next_purchase_window,
        scores.next_order_date_expected,
        scores.campaign_priority_score,
        coalesce(scores.withheld_reason, ?) as withheld_reason
    from customer_rfm as rfm
    inner join customer_segments as segments using (customer_id)
    inner join customers using (customer_id)
    left join customer_scores as scores using (customer_id)
    order by rfm.customer_id
"""
_CLUSTERS = """
    select recipe, customer_id, cluster_id, cluster_name, distance, is_extreme
    from customer_clusters order by recipe, customer_id
"""
_SET_ASIDE = """
    select disposition, reason, source_file, source_row_number, order_id, stock_code, quantity,
        occurred_at, price, customer_id, source_record
    from set_aside_rows order by line_id limit ?
"""


@dataclass(frozen=True)
class Limits:
    """How much a file may take.

    Attributes:
        rows: Data rows of the file.
        memory: DuckDB's limit, such as "900MB"; beyond it DuckDB spills into `folder`.
        spill: Most that it may spill, such as "4GB".
        threads: DuckDB's.
        set_aside_rows: Rows that are set aside and shown, the first of the file.
    """

    rows: int
    memory: str
    spill: str
    threads: int
    set_aside_rows: int


@dataclass(frozen=True)
class Question:
    """The one date that is looked back from.

    Attributes:
        reference_date: First day that is not counted.
        instant: The time from which whole 24 hours are counted, where var recency_basis asks for them.
        reason: Why this day, in words.
    """

    reference_date: date
    instant: datetime
    reason: str


@dataclass(frozen=True)
class Classification:
    """What came out. Tables are sorted by their keys.

    Attributes:
        reference_date: First day that was not counted.
        reference_reason: Why this day, in words.
        row_count: Data rows of the file.
        customers: One row per customer: segment, R, F and M with scores, predictions or why there are none.
        clusters: One row per recipe and customer.
        features: One row per customer: the 52 features.
        ledger: One row per rule: rows, units and money.
        observations: What is odd but decides about no row.
        set_aside: The first rows that do not count, each with its reason.
        drift: By feature, how far the customers differ from the training population.
        notes: What the reader should know, in words.
    """

    reference_date: date
    reference_reason: str
    row_count: int
    customers: pa.Table
    clusters: pa.Table
    features: pa.Table
    ledger: pa.Table
    observations: pa.Table
    set_aside: pa.Table
    drift: list[FeatureDrift]
    notes: tuple[str, ...]


def classify(
    kit: Kit,
    paths: Sequence[str],
    *,
    reading: Mapping[str, Any],
    reference_date: date | None,
    limits: Limits,
    folder: Path,
    on_step: Callable[[int, int, str], None] = lambda _done, _total, _name: None,
) -> Classification:
    """Classify the customers of files of transactions.

    Args:
        kit: As `regulars.classify.read_kit` gives it.
        paths: Files, folders and globs; see `regulars.ingest`.
        reading: Settings of `READING` that differ from those of the build.
        reference_date: First day not counted. None: for one customer alone the training population's date,
            or the day after the file's last row if that is later; else the day after the file's last row.
        limits: How much the files may take.
        folder: Where DuckDB may spill; nothing is left there.
        on_step: Called before each step with the steps done, all steps, and the step's name.

    Returns:
        The classification; nothing is kept elsewhere.

    Raises:
        UnusableInputError: The files cannot be used, or are too large.
        InvalidSettingError: A setting of `reading` has no meaning.
    """
    settings = {name: reading.get(name, kit.settings[name]) for name in READING}
    total = len(kit.models) + 1
    question: Question | None = None
    withheld: str | None = None
    row_count = 0
    with _private_database(limits, folder) as connection:
        for schema in kit.schemas():
            connection.execute(f"create schema if not exists {schema}")
        for done, model in enumerate(kit.models):
            on_step(done, total, model.name)
            if model.name == RAW_ROWS:
                rows = read_transactions(connection, paths, **settings)
                row_count = _keep_rows(connection, rows, model.relation, limits)
                _close_doors(connection)
            elif model.name == AS_OF_DATES:
                question = _question(connection, kit, reference_date)
                _ask(connection, model.relation, question)
            elif model.name == SCORES and question:
                withheld = _score(connection, kit, model.relation, question.reference_date)
            elif model.sql is None:
                _give(connection, model.relation, kit.tables[model.relation])
            else:
                _run(connection, model)
        on_step(len(kit.models), total, "results")
        if question is None:
            raise NoKitError(f"No published model asks for {AS_OF_DATES}.")
        features = _table(connection, "from customer_features order by customer_id")
        return Classification(
            reference_date=question.reference_date,
            reference_reason=question.reason,
            row_count=row_count,
            customers=_table(connection, _CUSTOMERS, [withheld]),
            clusters=_table(connection, _CLUSTERS),
            features=features,
            ledger=_table(
                connection, "from data_quality_ledger order by row_count desc, disposition"
            ),
            observations=_table(connection, "from data_quality_observations order by observation"),
            set_aside=_table(connection, _SET_ASIDE, [limits.set_aside_rows]),
            drift=measure_drift(kit.baseline, features),
            notes=_notes(features.num_rows, withheld),
        )


@contextmanager
def _private_database(limits: Limits, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = {
        "threads": limits.threads,
        "memory_limit": limits.memory,
        "temp_directory": str(folder),
        "max_temp_directory_size": limits.spill,
        "preserve_insertion_order": True,  # rows are numbered in file order
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute("set enable_progress_bar = false")
        yield connection
    except duckdb.OutOfMemoryException as error:
        raise TooLargeError(
            f"The file needs more than {limits.memory} of memory.",
            limit=f"{limits.memory} of memory",
        ) from error
    finally:
        connection.close()


def _close_doors(connection: duckdb.DuckDBPyConnection) -> None:
    """Once the file is read, no query reaches a file, a network or a setting any more."""
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _keep_rows(
    connection: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    relation: str,
    limits: Limits,
) -> int:
    # one row more than allowed tells that there are more
    connection.execute(f"create table {relation} as {rows.limit(limits.rows + 1).sql_query()}")
    row_count = connection.execute(f"select count(*) from {relation}").fetchall()[0][0]
    if row_count > limits.rows:
        raise TooLargeError(
            f"The file has more than {limits.rows:,} rows.", limit=f"{limits.rows:,} rows"
        )
    return row_count


def _question(connection: duckdb.DuckDBPyConnection, kit: Kit, given: date | None) -> Question:
    classified = _relation_of(kit, CLASSIFIED)
    rules = connection.execute(
        f"select disposition, count(*) from {classified} group by disposition order by 2 desc, 1"
    ).fetchall()
    last, first_sale, customer_count = connection.execute(
        f"""
        select max(occurred_at), min(occurred_date) filter (where disposition = 'sale'),
            count(distinct customer_id) filter (where disposition = 'sale')
        from {classified} where disposition in {KEPT}
        """
    ).fetchall()[0]
    if not customer_count:
        counts = ", ".join(f"{name} {count:,}" for name, count in rules)
        raise NoUsableRowsError(
            f"No row of the input is a sale to a known customer. Rows by rule: {counts}.",
            rule_counts=dict(rules),
        )
    if given is not None:
        if given <= first_sale:
            raise NoUsableRowsError(
                f"Nothing was sold before the reference date {given}; the first sale is of {first_sale}.",
                rule_counts=dict(rules),
            )
        return Question(given, _midnight(given), "as asked for")
    instant = last + timedelta(days=1)
    if customer_count == 1 and kit.training_date > instant.date():
        return Question(
            kit.training_date,
            _midnight(kit.training_date),
            "the date of the training population, for one customer alone",
        )
    return Question(instant.date(), instant, "the day after the last row")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _ask(connection: duckdb.DuckDBPyConnection, relation: str, question: Question) -> None:
    connection.execute(
        f"""
        create table {relation} as
        select cast(? as date) as as_of_date, cast(? as timestamp) as as_of_at, true as is_scoring_date,
            false as is_month_end, true as is_feature_date, false as is_origin
        """,
        [question.reference_date, question.instant],
    )


def _score(
    connection: duckdb.DuckDBPyConnection, kit: Kit, relation: str, reference: date
) -> str | None:
    """Score the customers; return why they have no scores, if they have none."""
    days = (reference - kit.training_date).days
    if abs(days) > LABEL_DAYS:
        _give(connection, relation, SCORE_SCHEMA.empty_table())
        return (
            f"The models forecast the {LABEL_DAYS} days after {kit.training_date}; this file is "
            f"looked at from {reference}, {abs(days)} days {'later' if days > 0 else 'earlier'}."
        )
    customers = connection.sql(f"from {_relation_of(kit, SNAPSHOTS)} where is_scoring_date")
    connection.register("scores", score_customers(connection, customers, kit.serving))
    connection.execute(
        f"create table {relation} as select * replace (cast(? as timestamp) as as_of_date) from scores",
        [reference],
    )
    connection.unregister("scores")
    return None


def _give(connection: duckdb.DuckDBPyConnection, relation: str, table: pa.Table) -> None:
    connection.register("given", table)
    connection.execute(f"create table {relation} as from given")
    connection.unregister("given")


def _run(connection: duckdb.DuckDBPyConnection, model: CompiledModel) -> None:
    if model.columns is None or model.name in READ_ONCE:
        kind = "view" if model.is_view or model.name in READ_ONCE else "table"
        connection.execute(f"create {kind} {model.relation} as {model.sql}")
        return
    # as dbt does under a contract: the columns' types are the contract's
    definition = ", ".join(f'"{name}" {data_type}' for name, data_type in model.columns)
    connection.execute(f"create table {model.relation} ({definition})")
    connection.execute(f"insert into {model.relation} by name {model.sql}")


def _table(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()
) -> pa.Table:
    return connection.execute(query, list(values)).to_arrow_table()


def _relation_of(kit: Kit, name: str) -> str:
    return next(model.relation for model in kit.models if model.name == name)


def _notes(customer_count: int, withheld: str | None) -> tuple[str, ...]:
    notes = [
        f"R, F and M scores, and with them segments, rank the {customer_count:,} customers of this file "
        "among themselves, as a build of it would."
    ]
    if withheld:
        notes.append(f"No predictions. {withheld}")
    return tuple(notes)
