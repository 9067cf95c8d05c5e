"""A specification becomes a figure: with its data, title, units and source, the same every time."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from datetime import date
from decimal import Decimal

from regulars.charts import sales, timing
from regulars.charts.draw import as_figure, specification, to_png, to_svg, uses_map, values, world

MONTHS = [
    {
        "month_start": date(2011, month, 1),
        "is_complete": month < 3,
        "revenue": Decimal(1000 * month),
        "previous_year_revenue": None,
        "revenue_change_pct": None,
        "gross_revenue": Decimal(1100 * month),
        "order_count": 10 * month,
        "customer_count": 5,
    }
    for month in (1, 2, 3)
]


def figure(currency: str = "GBP") -> str:
    spec = specification(sales.monthly_revenue(MONTHS))
    return to_svg(
        as_figure(
            spec, MONTHS, title="Revenue", units="Net revenue, GBP.", source="Source: a shop."
        ),
        currency=currency,
    )


def texts(svg: str) -> list[str]:
    return [text for text in ElementTree.fromstring(svg).itertext() if text.strip()]


def test_a_figure_has_title_units_source_and_currency() -> None:
    found = texts(figure())
    assert {"Revenue", "Net revenue, GBP.", "Source: a shop."} <= set(found)
    assert any(text.startswith("£") for text in found)
    assert any(text.startswith("CHF") for text in texts(figure("CHF")))


def test_the_same_rows_give_the_same_picture() -> None:
    one, other = figure(), figure()
    assert one == other
    png = to_png(one)
    assert png.startswith(b"\x89PNG")
    assert png == to_png(other)


def test_a_picture_needs_no_font_of_the_machine() -> None:
    drawn = ElementTree.fromstring(figure()).iter("{http://www.w3.org/2000/svg}text")
    fonts = {text.get("font-family") for text in drawn}
    assert fonts == {'"Liberation Sans", Arial, Helvetica, sans-serif'}


def test_what_was_drawn_before_leaves_no_trace() -> None:
    spec = specification(sales.monthly_revenue(MONTHS))
    clipped = {
        **spec,
        "layer": [{**layer, "mark": {"type": "line", "clip": True}} for layer in spec["layer"]],
    }
    one, other = (
        to_svg(as_figure(clipped, MONTHS, title="", units="", source=""), currency="GBP")
        for _ in range(2)
    )
    assert 'id="clip0"' in one
    assert one == other


def test_dates_are_midnights_of_the_reader() -> None:
    # with dashes, readers west of Greenwich would see the day before
    assert values(MONTHS)[0]["month_start"] == "2011/01/01"
    assert values(MONTHS)[0]["revenue"] == 1000.0


def test_specifications_carry_no_data_and_no_colours() -> None:
    for spec in (
        specification(sales.monthly_revenue(MONTHS)),
        specification(timing.quarters([])),
    ):
        assert "config" not in spec
        assert "datasets" not in spec
        assert "#" not in str(spec)


def test_only_maps_need_the_world() -> None:
    assert uses_map(specification(sales.country_map([])))
    assert not uses_map(specification(sales.monthly_revenue(MONTHS)))
    assert len(world()["objects"]["countries"]["geometries"]) > 170
