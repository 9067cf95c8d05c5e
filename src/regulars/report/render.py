"""From a report to one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from regulars.charts.assets import drawing_script, theme_style, themes, vega_bundle, vega_licence
from regulars.charts.draw import uses_map, world
from regulars.charts.theme import currency_symbol, format_locale
from regulars.report import words
from regulars.report.summarise import Column, PanelView, Report

# A text column is written as a list of its values and their numbers where values repeat this often.
REPEATS = 2
SIGNIFICANT_DIGITS = 6


def render(report: Report) -> str:
    """Render the page; the same report gives the same text."""
    environment = Environment(
        loader=PackageLoader("regulars.report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = theme_style() + _asset("report.css")
    script = drawing_script() + _asset("report.js")
    vega = vega_bundle()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)} {_hash(vega)}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        words=report.words,
        say=words,
        policy=policy,
        style=Markup(style),
        script=Markup(script),
        vega=Markup(vega),
        licence=Markup(vega_licence()),
        data=as_script_data(_content(report)),
        options=selections(report),
    )


def as_script_data(content: object) -> Markup:
    """JSON that can stand in a script element: no character of it can end the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def selections(report: Report) -> dict[str, dict[str, list[str]]]:
    """Values that each tab's choices offer, in the order of the rows: tab → column → values."""
    chosen: dict[str, dict[str, list[str]]] = {}
    for tab in report.tabs:
        columns: dict[str, list[str]] = {}
        for view in tab.panels:
            name = view.panel.select
            # the cards of the segments are their choice
            if name and name != "segment" and view.rows:
                known = columns.setdefault(name, [])
                known += [
                    value
                    for value in dict.fromkeys(row[name] for row in view.rows)
                    if value is not None and value not in known
                ]
        chosen[tab.tab.key] = columns
    return chosen


def _content(report: Report) -> dict[str, Any]:
    views = [view for view in report.views() if view.rows]
    return {
        "asOf": report.as_of_date.isoformat(),
        "currency": {
            "code": report.words.currency,
            "symbol": currency_symbol(report.words.currency),
        },
        "locale": format_locale(report.words.currency),
        "themes": themes(),
        "tabs": [tab.tab.key for tab in report.tabs],
        "customerCount": report.customer_count,
        "panels": {view.panel.key: _panel(view) for view in views},
        "world": world() if any(view.spec and uses_map(view.spec) for view in views) else None,
    }


def _panel(view: PanelView) -> dict[str, Any]:
    return {
        "kind": view.panel.kind,
        "title": view.panel.title,
        "select": view.panel.select,
        "all": view.panel.has_all,
        "count": len(view.rows),
        "table": [column.name for column in view.columns],
        "columns": [_column(column, view.rows) for column in view.fields.values()],
        "spec": view.spec,
        "findings": view.findings,
    }


def _column(column: Column, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = [_plain(row[column.name], column.kind) for row in rows]
    content: dict[str, Any] = {"name": column.name, "label": column.label, "kind": column.kind}
    if column.kind == "text":
        distinct = list(dict.fromkeys(values))
        if REPEATS * len(distinct) <= len(values):
            numbers = {value: number for number, value in enumerate(distinct)}
            return content | {"words": distinct, "data": [numbers[value] for value in values]}
    return content | {"data": values}


def _plain(value: object, kind: str) -> object:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        number = float(value)
        if not math.isfinite(number):
            return None
        number = round(number, 2) if kind == "money" else float(f"{number:.{SIGNIFICANT_DIGITS}g}")
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return value


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _asset(name: str) -> str:
    return (files("regulars.report") / "templates" / name).read_text(encoding="utf-8")
