"""From a specification to what can be looked at: data bound, colours applied, PNG and SVG written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import altair as alt
import vl_convert

from regulars.charts.marks import Rows
from regulars.charts.theme import LIGHT, PICTURE_FONT, config, format_locale

FIGURE_WIDTH = 760
PNG_SCALE = 2.0
# vl-convert's name of the Vega-Lite that Altair writes for.
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])

# Vega counts clips and gradients through all figures of a process; ours depend on the figure alone.
_IDENTIFIER = re.compile(r'((?:id="|url\(#)(?:clip|gradient_))(\d+)')


def specification(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """A chart as Vega-Lite JSON, without data, size or colours."""
    content = chart.to_dict(validate=False)
    content.pop("$schema", None)
    content.pop("config", None)
    return content


def uses_map(spec: Mapping[str, Any]) -> bool:
    """Whether a specification draws outlines of countries."""
    return '"world"' in json.dumps(spec)


@cache
def world() -> dict[str, Any]:
    """Outlines of countries as TopoJSON, keyed as in seed `country_codes` (see THIRD_PARTY.md)."""
    return json.loads((files("regulars.charts") / "world.json").read_text(encoding="utf-8"))


def values(data: Rows) -> list[dict[str, Any]]:
    """Rows as Vega reads them: decimals as numbers, dates as local midnights."""
    return [{name: _plain(value) for name, value in row.items()} for row in data]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        # with dashes a date would be midnight in Greenwich, the day before further west
        return value.strftime("%Y/%m/%d")
    return value


def as_figure(
    spec: Mapping[str, Any], data: Rows, *, title: str, units: str, source: str
) -> dict[str, Any]:
    """A specification that stands alone: with data, colours, width, title, units and source.

    Args:
        spec: See `specification`.
        data: The panel's rows.
        title: Headline.
        units: What is shown, in which unit.
        source: Where it comes from.
    """
    datasets: dict[str, Any] = {"rows": values(data)}
    if uses_map(spec):
        datasets["world"] = world()
    sized = dict(spec)
    inner = "spec" if "spec" in sized else None
    if inner:
        sized[inner] = {**sized[inner], "width": FIGURE_WIDTH}
    else:
        sized["width"] = FIGURE_WIDTH
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE}.json",
        **sized,
        "datasets": datasets,
        "config": config(LIGHT, PICTURE_FONT),
        "padding": 16,
        "title": {"text": title, "subtitle": [units, source]},
    }


def to_svg(figure: Mapping[str, Any], *, currency: str) -> str:
    """Render a figure as SVG; nothing is fetched."""
    drawn = vl_convert.vegalite_to_svg(
        dict(figure),
        vl_version=VEGA_LITE,
        format_locale=format_locale(currency),
        allowed_base_urls=[],
    )
    numbers: dict[str, int] = {}
    return _IDENTIFIER.sub(
        lambda found: f"{found[1]}{numbers.setdefault(found[2], len(numbers))}", drawn
    )


def to_png(svg: str) -> bytes:
    """Render an SVG as PNG, twice as fine."""
    return vl_convert.svg_to_png(svg, scale=PNG_SCALE)


def to_pictures(figure: Mapping[str, Any], *, currency: str) -> tuple[str, bytes]:
    """Render a figure as SVG and PNG."""
    svg = to_svg(figure, currency=currency)
    return svg, to_png(svg)
