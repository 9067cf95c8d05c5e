"""What a panel is: rows, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from regulars.charts.marks import Rows
from regulars.report.words import Words

Row = dict[str, Any]
Chart = Callable[[Rows], alt.TopLevelMixin]
Finding = Callable[[list[Row], Words], str | None]


@dataclass(frozen=True)
class Figure:
    """A panel as a file.

    Attributes:
        name: File name without ending.
        units: What is shown, in which unit.
        choice: Value of the panel's `select` that is drawn; None: the first, or there is no choice.
    """

    name: str
    units: str
    choice: str | None = None


@dataclass(frozen=True)
class Panel:
    """A part of a tab.

    Attributes:
        key: Unique; the anchor in the page.
        title: Headline.
        tables: Published tables that the rows come from, the first decides whether there are any.
        query: SQL on the published database that gives the rows, shown in the page as it is.
        missing: Said where a table or its rows are missing: why, in a sentence.
        kind: chart, table, facts (one row as a list), kpis, cards, customers, alerts or steps.
        about: What is shown, in a sentence or two.
        chart: From rows to a chart.
        finding: The most important thing that the rows (of a choice, if there is one) say, in a sentence.
        prepare: Labels and coordinates that SQL does not make.
        select: Column by whose values the page chooses rows; the choice is shared by all panels.
        has_all: Whether the choice may be left open: then all rows are shown.
        columns: Columns of the table in order; empty: all.
        figures: Files that are drawn of it.
        width: full or half.
        personal: Columns left out of an anonymous report.
        reason: SQL that gives the reason why there are no rows, in place of `missing`.
        optional: Tables whose columns are added where they exist, with the SQL that then serves.
    """

    key: str
    title: str
    tables: tuple[str, ...]
    query: str
    missing: str
    kind: str = "chart"
    about: str = ""
    chart: Chart | None = None
    finding: Finding | None = None
    prepare: Callable[[list[Row], Words], list[Row]] | None = None
    select: str | None = None
    has_all: bool = False
    columns: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    width: str = "full"
    personal: tuple[str, ...] = ("customer_id", "order_id", "largest_order_id")
    reason: str | None = None
    optional: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tab:
    """A page of the report.

    Attributes:
        key: Unique; stands in the address.
        title: On the tab.
        question: What it answers.
        panels: From top to bottom.
        lede: Its answer in a sentence, from the rows of its panels by key.
    """

    key: str
    title: str
    question: str
    panels: Sequence[Panel]
    lede: Callable[[Mapping[str, list[Row]], Words], str | None] = lambda _rows, _words: None
