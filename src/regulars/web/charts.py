"""What the pages draw: for each figure, the rows of its table made those of a chart of `regulars.charts`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from regulars.charts import clusters, customers, sales, segments, uploads
from regulars.charts.assets import themes
from regulars.charts.draw import specification, values
from regulars.charts.marks import Rows
from regulars.charts.theme import format_locale

# A country with more of the revenue would hide the others beside it.
LARGEST_SHARE = 0.5
DRIFTS = 20

Row = dict[str, Any]


@dataclass(frozen=True)
class Plot:
    """What a page draws in one place.

    Attributes:
        spec: Vega-Lite, without data, size or colours.
        rows: The data.
        note: What the chart leaves out, in a sentence; "" if nothing.
    """

    spec: dict[str, Any]
    rows: list[Row]
    note: str = ""

    def content(self) -> dict[str, Any]:
        """What the page's script needs, as JSON can have it."""
        return {"spec": self.spec, "rows": self.rows}


@dataclass(frozen=True)
class Figure:
    """How rows are drawn.

    Attributes:
        chart: From rows to a chart.
        needs: A column; rows without it are not drawn.
        prepare: From the table's rows to the chart's, and what is left out.
    """

    chart: Callable[[Rows], alt.TopLevelMixin]
    needs: str
    prepare: Callable[[Rows], tuple[Sequence[Mapping[str, Any]], str]] = lambda rows: (rows, "")


def _groups(name: str) -> Callable[[Rows], tuple[list[Row], str]]:
    """Groups under the name that charts have for them, with their shares of customers and revenue."""

    def prepare(rows: Rows) -> tuple[list[Row], str]:
        customer_count = sum(row["customer_count"] for row in rows)
        revenue = sum(float(row["revenue"] or 0) for row in rows)
        return [
            {
                **row,
                name: row["name"],
                "customer_share": row["customer_count"] / customer_count,
                "revenue_share": float(row["revenue"] or 0) / revenue if revenue > 0 else None,
            }
            for row in rows
        ], ""

    return prepare


def _countries(rows: Rows) -> tuple[list[Row], str]:
    known = [row for row in _groups("country")(rows)[0] if row["name"] is not None]
    drawn = [
        {
            **row,
            "repeat_customer_rate": row["repeat_count"] / row["customer_count"],
            "aov": float(row["revenue"] or 0) / row["order_count"] if row["order_count"] else None,
        }
        for row in known
    ]
    if len(drawn) > 2 and (drawn[0]["revenue_share"] or 0) > LARGEST_SHARE:
        first, *drawn = drawn
        return drawn, (
            f"Without {first['country']}, which has {first['revenue_share']:.0%} of the revenue of these "
            "countries: the others would not be seen beside it."
        )
    return drawn, ""


def _largest_drifts(rows: Rows) -> tuple[list[Row], str]:
    named = [{**row, "feature_name": row["feature"].replace("_", " ").capitalize()} for row in rows]
    left_out = len(named) - DRIFTS
    return named[:DRIFTS], f"The {DRIFTS} largest of {len(named)}." if left_out > 0 else ""


def _with_orders(rows: Rows) -> tuple[Rows, str]:
    """None if there is nothing but the as-of date."""
    return (rows if any(row["kind"] == "order" for row in rows) else []), ""


FIGURES: Mapping[str, Figure] = {
    "segments": Figure(segments.shares, "segment", _groups("segment")),
    "segment_values": Figure(segments.expected_values, "median_clv_90d", _groups("segment")),
    "clusters": Figure(clusters.sizes, "cluster_name", _groups("cluster_name")),
    "recency_frequency": Figure(customers.recency_and_frequency, "customer_count"),
    "revenue_value": Figure(customers.revenue_and_expected_value, "customer_count"),
    "countries": Figure(sales.country_bars, "revenue", _countries),
    "orders": Figure(customers.order_timeline, "day", _with_orders),
    "history": Figure(segments.history, "segment"),
    "drift": Figure(uploads.drift, "stability_index", _largest_drifts),
    "elbow": Figure(clusters.elbow, "inertia"),
    "silhouette": Figure(clusters.silhouette, "silhouette"),
    "stability": Figure(clusters.stability, "bootstrap_ari_mean"),
    "cluster_recency": Figure(clusters.recency, "median_recency_days"),
    "cluster_frequency": Figure(clusters.frequency, "median_frequency"),
    "cluster_monetary": Figure(clusters.monetary, "median_monetary"),
}


def plot(name: str, rows: Rows) -> Plot | None:
    """The figure of a name; None where there is nothing to draw.

    Args:
        name: Of `FIGURES`.
        rows: Of the figure's table.
    """
    figure = FIGURES[name]
    if not rows:
        return None
    prepared, note = figure.prepare(rows)
    drawn = [row for row in _finite(values(prepared)) if row[figure.needs] is not None]
    if not drawn:
        return None
    return Plot(specification(figure.chart(drawn)), drawn, note)


def settings(currency: str) -> dict[str, Any]:
    """What all charts of a page share: colours by mode, and how numbers are written.

    Args:
        currency: ISO 4217 code.
    """
    return {"themes": themes(), "locale": format_locale(currency)}


def _finite(rows: Rows) -> list[Row]:
    return [
        {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
