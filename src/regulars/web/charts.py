"""The seam to the charts: a page asks for a chart by name and shows the table under it either way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Name of a figure → what makes a Vega-Lite specification of its rows. Empty: pages show tables.
CHARTS: Mapping[str, Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]] = {}


def specification(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The Vega-Lite specification of a figure; None where there is none for it."""
    make = CHARTS.get(name)
    return make(rows) if make and rows else None
