"""Read the rows of every panel from a published database, and put them into words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import duckdb

from regulars.charts.draw import specification
from regulars.report.panel import Panel, Row, Tab
from regulars.report.tabs import TABS
from regulars.report.words import Words, day, label

# Columns of type double whose name does not say what they are.
_MONEY = frozenset(
    {
        "aov", "avg_monetary", "avg_order_value", "base_revenue", "clv_90d", "clv_90d_high",
        "clv_90d_low", "contact_gain", "cumulative_revenue_per_customer", "expected_high",
        "expected_low", "expected_revenue", "expected_value_per_customer", "median_monetary",
        "median_order_value", "median_unit_price", "minimum_detectable_revenue", "net_gain",
        "residual_high", "residual_low", "residual_median", "sen_slope", "sen_slope_high",
        "sen_slope_low", "value_at_risk_90d",
    }
)  # fmt: skip
_SHARES = (
    "share",
    "rate",
    "penetration",
    "precision",
    "recall",
    "retention",
    "confidence",
    "support",
)
_SHARE_PARTS = ("probability", "_rate_", "_share_")

# Texts of other marts that name a customer or an order, and what an anonymous report says instead.
_NAMED = (
    (re.compile(r"^Customer .+$"), "A customer"),
    (re.compile(r"(Largest order: )\S+( of )"), r"\1one\2"),
)


@dataclass(frozen=True)
class Column:
    """A column of a panel.

    Attributes:
        name: As in the database.
        label: Heading.
        kind: money, count, share, number, date, time, flag or text.
        definition: The column's description in the database; empty if it has none.
    """

    name: str
    label: str
    kind: str
    definition: str


@dataclass(frozen=True)
class PanelView:
    """A panel with its rows.

    Attributes:
        panel: What it is.
        rows: Its rows; empty where `missing` says why.
        columns: Columns of its table, in order; the rows may have more.
        fields: All columns of the rows, by name.
        spec: Vega-Lite of its chart without data; None without a chart or rows.
        findings: What the rows say, in a sentence; by choice, if the panel has one, else by "".
        missing: Why there is nothing to show; None where there is.
        query: SQL that gave the rows.
        sources: Tables behind it: (name, description, file in the project, SQL of a report model).
    """

    panel: Panel
    rows: list[Row]
    columns: list[Column]
    fields: dict[str, Column]
    spec: dict[str, Any] | None
    findings: dict[str, str]
    missing: str | None
    query: str
    sources: list[dict[str, str]]


@dataclass(frozen=True)
class TabView:
    """A tab with its panels' rows and its answer in a sentence."""

    tab: Tab
    panels: list[PanelView]
    lede: str | None


@dataclass(frozen=True)
class Report:
    """All that the page says.

    Attributes:
        tabs: In order.
        words: How numbers are written.
        as_of_date: First day not counted.
        last_order_date: Day of the last order counted.
        sources: Names of the files or tables that were read.
        customer_count: Known customers.
        order_count: Orders.
        checks: Checks of the totals, and how many agree to the penny.
        settings: Vars of the build, by name, as JSON.
        version: Of this package.
        is_anonymous: Whether ids of customers and orders are left out.
    """

    tabs: list[TabView]
    words: Words
    as_of_date: date
    last_order_date: date | None
    sources: list[str]
    customer_count: int
    order_count: int
    checks: tuple[int, int]
    settings: dict[str, str]
    version: str
    is_anonymous: bool

    @property
    def small_cell(self) -> int:
        """Customers from which a group's figures are shown."""
        return int(json.loads(self.settings.get("small_cell_customers", "0")))

    def views(self) -> list[PanelView]:
        """All panels, in order."""
        return [view for tab in self.tabs for view in tab.panels]


def summarise(connection: duckdb.DuckDBPyConnection, *, is_anonymous: bool) -> Report:
    """Read every panel.

    Args:
        connection: A published database.
        is_anonymous: Whether to leave out ids of customers and orders.
    """
    catalogue = _Catalogue.read(connection)
    settings = dict(connection.execute("select setting, value from build_settings").fetchall())
    words = Words(json.loads(settings["currency"]))
    small = int(json.loads(settings.get("small_cell_customers", "0")))
    tabs = []
    for tab in TABS:
        views = [
            _view(connection, panel, catalogue, words, small=small, is_anonymous=is_anonymous)
            for panel in tab.panels
        ]
        rows = {view.panel.key: view.rows for view in views}
        tabs.append(TabView(tab, views, tab.lede(rows, words)))
    as_of_date, customers = connection.execute(
        "select max(as_of_date), count(*) from customers"
    ).fetchone() or (None, 0)
    orders, last_order = connection.execute(
        "select count(*), max(order_date) from orders where order_date < ?", [as_of_date]
    ).fetchone() or (0, None)
    good, checks = connection.execute(
        "select count(*) filter (where difference = 0), count(*) from reconciliation"
    ).fetchone() or (0, 0)
    sources = connection.execute(
        "select distinct source_file from order_lines order by source_file"
    ).fetchall()
    return Report(
        tabs=tabs,
        words=words,
        as_of_date=as_of_date,
        last_order_date=last_order,
        sources=[name for (name,) in sources],
        customer_count=customers,
        order_count=orders,
        checks=(good, checks),
        settings=settings,
        version=version("regulars"),
        is_anonymous=is_anonymous,
    )


@dataclass(frozen=True)
class _Catalogue:
    """What the database says about itself: descriptions of tables and columns, files and SQL of models."""

    tables: dict[str, str]
    columns: dict[tuple[str, str], str]
    files: dict[str, tuple[str, str | None]]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> _Catalogue:
        tables = connection.execute(
            "select table_name, coalesce(comment, '') from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, comment from duckdb_columns() "
            "where schema_name = 'main' and comment is not null"
        ).fetchall()
        files: list[tuple[str, str, str | None]] = []
        if "report_sources" in dict(tables):
            files = connection.execute(
                "select model, file, definition from report_sources"
            ).fetchall()
        return cls(
            dict(tables),
            {(table, column): comment for table, column, comment in columns},
            {model: (file, definition) for model, file, definition in files},
        )

    def definition(self, tables: Sequence[str], column: str) -> str:
        return next(
            (
                _plain(self.columns[table, column])
                for table in tables
                if (table, column) in self.columns
            ),
            "",
        )

    def source(self, table: str) -> dict[str, str]:
        file, definition = self.files.get(table, ("", None))
        return {
            "table": table,
            "description": _plain(self.tables.get(table, "")),
            "file": file,
            "definition": definition or "",
        }


def _plain(description: str) -> str:
    """A description without Markdown's marks and line ends."""
    return " ".join(description.replace("`", "").split())


def _view(
    connection: duckdb.DuckDBPyConnection,
    panel: Panel,
    catalogue: _Catalogue,
    words: Words,
    *,
    small: int,
    is_anonymous: bool,
) -> PanelView:
    query, tables = panel.query, panel.tables
    for table, richer in panel.optional.items():
        if table in catalogue.tables:
            query, tables = richer, (*tables, table)
    query = query.strip()
    sources = [catalogue.source(table) for table in tables]
    lacking = [table for table in panel.tables if table not in catalogue.tables]
    if lacking:
        reason = (
            f"The table {lacking[0]} is not in this database: it was built without it, "
            "or by an older version."
        )
        return PanelView(panel, [], [], {}, None, {}, reason, query, sources)
    rows, types = _rows(connection, query)
    if is_anonymous:
        rows = [_without_ids(row, panel.personal) for row in rows]
    if panel.kind != "alerts":
        rows = [_with_note(row, small) for row in rows]
    if any("note" in row for row in rows):
        rows = [{**row, "note": row.get("note")} for row in rows]
    if rows and panel.prepare:
        rows = panel.prepare(rows, words)
    if not rows:
        return PanelView(
            panel, [], [], {}, None, {}, _reason(connection, panel, catalogue), query, sources
        )
    fields = {
        name: Column(
            name,
            label(name),
            _kind(name, types.get(name), rows),
            catalogue.definition(tables, name),
        )
        for name in rows[0]
    }
    shown = [name for name in panel.columns or tuple(fields) if name in fields]
    if "note" in shown and not any(row["note"] for row in rows):
        shown.remove("note")
    spec = None
    if panel.chart:
        spec = specification(panel.chart(rows))
        spec["description"] = _alt_text(panel)
    return PanelView(
        panel,
        rows,
        [fields[name] for name in shown],
        fields,
        spec,
        _findings(panel, rows, words),
        None,
        query,
        sources,
    )


def _findings(panel: Panel, rows: list[Row], words: Words) -> dict[str, str]:
    if not panel.finding:
        return {}
    parts = {"": rows}
    if panel.select and not panel.has_all:
        parts = {
            choice: [row for row in rows if row[panel.select] == choice]
            for choice in dict.fromkeys(row[panel.select] for row in rows)
        }
    found = {choice: panel.finding(part, words) for choice, part in parts.items()}
    return {choice: text for choice, text in found.items() if text}


def _without_ids(row: Row, personal: Sequence[str]) -> Row:
    anonymous = {}
    for name, value in row.items():
        if name in personal:
            continue
        if isinstance(value, str):
            for pattern, instead in _NAMED:
                value = pattern.sub(instead, value)
        anonymous[name] = value
    return anonymous


def _alt_text(panel: Panel) -> str:
    return (
        f"Chart: {panel.title}. {panel.about} The table below it holds the same numbers.".replace(
            "  ", " "
        )
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[list[Row], dict[str, str]]:
    result = connection.execute(query)
    description = result.description or []
    names = [column[0] for column in description]
    types = {column[0]: str(column[1]) for column in description}
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()], types


def _reason(connection: duckdb.DuckDBPyConnection, panel: Panel, catalogue: _Catalogue) -> str:
    if panel.reason and all(table in catalogue.tables for table in panel.tables):
        found = connection.execute(panel.reason).fetchone()
        if found and found[0]:
            return f"{panel.missing} {found[0]}"
    return panel.missing


def _with_note(row: Row, small: int) -> Row:
    """Leave out the figures of a group that is too small to be shown, and say so.

    Models of the report have left them out already; other marts know no such rule.
    """
    note = f"fewer than {small} customers"
    if "is_suppressed" in row:
        shown = {name: row[name] for name in row if name != "is_suppressed"}
        return shown | {"note": note if row["is_suppressed"] else None}
    if not 0 < (row.get("customer_count") or 0) < small:
        return row
    return {
        name: None if isinstance(value, float | Decimal) or name.endswith("_count") else value
        for name, value in row.items()
    } | {"note": note}


def _kind(name: str, type_name: str | None, rows: Sequence[Mapping[str, Any]]) -> str:
    kind = (type_name or "").upper()
    if kind.startswith("DECIMAL"):
        return "share" if _is_share(name) else "money"
    if kind == "DATE":
        return "date"
    if kind.startswith("TIMESTAMP"):
        return "time"
    if kind == "BOOLEAN":
        return "flag"
    if kind in {"DOUBLE", "FLOAT"}:
        if name in _MONEY:
            return "money"
        return "share" if _is_share(name) else "number"
    if kind.endswith("INT") or kind in {"INTEGER", "HUGEINT"}:
        return "count"
    example = next((row[name] for row in rows if row.get(name) is not None), None)
    if isinstance(example, float):
        return "share" if _is_share(name) else "number"
    return "text"


def _is_share(name: str) -> bool:
    return name.endswith(_SHARES) or any(part in name for part in _SHARE_PARTS)


def headline(report: Report) -> str:
    """What the report is about, in a line."""
    return f"{', '.join(report.sources)}, looking back from {day(report.as_of_date)}"
