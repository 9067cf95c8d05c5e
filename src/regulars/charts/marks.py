"""The kinds of chart that the rooms share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

Rows = Sequence[Mapping[str, Any]]

MONEY = "$,.0f"
MONEY_SHORT = "$,.3~s"
COUNT = ",.0f"
SHARE = ".0%"
SHARE_FINE = ".1%"
FIGURE = ",.3~g"
DAY = "%-d %b %Y"
MONTH = "%b %Y"

# The range of the theme for good, bad and neither; Vega-Lite has no free names for ranges.
VERDICT = "ordinal"

BAR_STEP = 24


def rows() -> alt.Chart:
    """An empty chart over the panel's rows."""
    return alt.Chart(alt.NamedData("rows"))


def tip(field: str, title: str, style: str | None = None) -> alt.Tooltip:
    """A line of a tooltip; dates are recognised by their type `:T`."""
    return alt.Tooltip(field, title=title, **({"format": style} if style else {}))


def tips(*lines: tuple[str, ...]) -> list[alt.Tooltip]:
    """Lines of a tooltip, each (field with type, title, format)."""
    return [tip(*line) for line in lines]


def named(expression: str, names: Mapping[str, str]) -> str:
    """A Vega expression that gives a value its name; Vega's interpreter knows no lookup in an object."""
    *some, last = names.items()
    text = f"'{last[1]}'"
    for value, name in reversed(some):
        text = f"{expression} == '{value}' ? '{name}' : {text}"
    return text


def value_axis(style: str, *, tick_count: int = 5) -> alt.Axis:
    """An axis of numbers with few ticks."""
    return alt.Axis(format=style, tickCount=tick_count, domain=False, ticks=False)


def ordered(data: Rows, field: str, *, by: str | None = None) -> list[Any]:
    """Distinct values of a field, in the order of the rows or of another field."""
    known = [row for row in data if row[field] is not None]
    if by:
        known.sort(key=lambda row: row[by])
    return list(dict.fromkeys(row[field] for row in known))


def ranked_bars(
    *,
    name: str,
    figure: str,
    title: str,
    style: str,
    tooltip: Iterable[alt.Tooltip],
    colour: alt.Color | None = None,
    label_style: str | None = None,
    name_limit: int | None = None,
    room_share: float = 0.14,
) -> alt.LayerChart:
    """Horizontal bars in the order of the rows, each with its number at the end, for which there is some room."""
    base = (
        rows()
        .transform_filter(alt.datum[figure] != None)  # noqa: E711 - a Vega expression
        .encode(
            y=alt.Y(
                f"{name}:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=name_limit) if name_limit else alt.Axis(),
            ),
            x=alt.X(f"{figure}:Q", title=title, axis=value_axis(style)),
            tooltip=list(tooltip),
        )
    )
    bars = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.72})
    if colour is not None:
        bars = bars.encode(color=colour)
    labels = base.mark_text(align="left", dx=4).encode(
        text=alt.Text(f"{figure}:Q", format=label_style or style)
    )
    # room for the number of the longest bar
    room = (
        base.transform_calculate(reach=f"datum.{figure} * {1 + room_share:g}")
        .mark_point(opacity=0)
        .encode(x="reach:Q", tooltip=alt.value(None))
    )
    return alt.layer(bars, labels, room).properties(height={"step": BAR_STEP})


def heat_map(
    data: Rows,
    *,
    x: str,
    y: str,
    figure: str,
    x_title: str,
    y_title: str,
    title: str,
    style: str,
    tooltip: Iterable[alt.Tooltip],
    is_labelled: bool = False,
    label_style: str | None = None,
    scale: alt.Scale | None = None,
    x_axis: alt.Axis | None = None,
    cell_height: int = 26,
    x_order: str | None = None,
    has_small_cells: bool = True,
) -> alt.LayerChart:
    """A grid of cells in the order of the rows; cells left out as too small are marked by a dot."""
    axis = x_axis or alt.Axis(labelAngle=0, labelOverlap=True)
    base = rows().encode(
        x=alt.X(f"{x}:O", sort=ordered(data, x, by=x_order), title=x_title, axis=axis),
        y=alt.Y(f"{y}:O", sort=ordered(data, y), title=y_title),
    )
    shown = alt.datum[figure] != None  # noqa: E711 - a Vega expression
    scale = scale or alt.Scale(range="heatmap" if is_labelled else "ramp")
    cells = (
        base.transform_filter(shown)
        .mark_rect(style="edge")
        .encode(
            color=alt.Color(
                f"{figure}:Q",
                title=title,
                scale=scale,
                legend=alt.Legend(format=style, gradientLength=160, gradientThickness=10),
            ),
            tooltip=list(tooltip),
        )
    )
    layers = [cells]
    if is_labelled:
        layers.append(
            base.transform_filter(shown)
            .mark_text()
            .encode(
                text=alt.Text(f"{figure}:Q", format=label_style or style), tooltip=list(tooltip)
            )
        )
    if has_small_cells:
        layers.append(
            base.transform_filter("isValid(datum.note)")
            .mark_text(style="muted-text", text="·", fontSize=16)
            .encode(
                tooltip=[
                    tip(f"{y}:O", y_title or y),
                    tip(f"{x}:O", x_title or x),
                    tip("note:N", "Not shown"),
                ]
            )
        )
    return alt.layer(*layers).properties(height={"step": cell_height})
