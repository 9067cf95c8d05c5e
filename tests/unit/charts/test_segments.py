"""What charts compute: rectangles of segments, the reach of the bridge's axis."""

from __future__ import annotations

from decimal import Decimal

import pytest

from regulars.charts import sales, segments
from regulars.charts.draw import specification
from regulars.charts.marks import named, ordered


def test_segments_without_revenue_have_no_rectangle() -> None:
    rows = [
        {"segment": "Lost", "revenue": Decimal("-5")},
        {"segment": "Promising", "revenue": None},
        {"segment": "At Risk", "revenue": Decimal(25)},
        {"segment": "Champions", "revenue": Decimal(75)},
    ]
    found = segments.treemap_rows(rows)
    assert [row["segment"] for row in found] == ["Champions", "At Risk"]
    assert [(row["x_to"] - row["x_from"]) * (row["y_to"] - row["y_from"]) for row in found] == (
        pytest.approx([7200, 2400], rel=1e-3)
    )
    assert [row["label"] for row in found] == ["Champions", "At Risk"]


def bridge(*steps: tuple[str, float, float, float]) -> list[dict]:
    return [
        {"step": str(at), "kind": kind, "amount": amount, "running_from": low, "running_to": high}
        for at, (kind, amount, low, high) in enumerate(steps)
    ]


@pytest.mark.parametrize(
    ("steps", "floor"),
    [
        ([("total", -50, 0, -50), ("change", 90, -50, 40), ("total", 40, 0, 40)], -50),
        ([("total", 100, 0, 100), ("change", -90, 100, 10), ("total", 10, 0, 10)], 0),
        ([("total", 1000, 0, 1000), ("change", -20, 1000, 980), ("total", 980, 0, 980)], 920),
    ],
)
def test_the_bridge_shows_small_changes_and_says_so(steps: list, floor: float) -> None:
    spec = specification(sales.revenue_bridge(bridge(*steps)))
    axis = spec["layer"][0]["encoding"]["x"]
    assert axis["scale"]["domain"][0] == floor
    assert ("does not begin at zero" in axis["title"]) == (floor > 0)


def test_names_are_told_by_conditions() -> None:
    assert named("datum.a", {"x": "one", "y": "two", "z": "three"}) == (
        "datum.a == 'x' ? 'one' : datum.a == 'y' ? 'two' : 'three'"
    )


def test_values_keep_the_order_of_the_rows_or_of_another_field() -> None:
    rows = [{"a": "x", "b": 2}, {"a": None, "b": 0}, {"a": "y", "b": 1}, {"a": "x", "b": 2}]
    assert ordered(rows, "a") == ["x", "y"]
    assert ordered(rows, "a", by="b") == ["y", "x"]
