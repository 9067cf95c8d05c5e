"""Colours can be read: against their ground, and by colour-blind eyes."""

from __future__ import annotations

import itertools
import re

import pytest

from regulars.charts.assets import theme_style
from regulars.charts.theme import DARK, LIGHT, Theme, config, currency_symbol, format_locale

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


def channels(colour: str) -> tuple[float, float, float]:
    """Linear red, green and blue, 0 to 1."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values
    )
    return red, green, blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    lights = []
    for colour in (one, other):
        red, green, blue = channels(colour)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
    return max(lights) / min(lights)


def as_seen(colour: str, kind: str) -> tuple[float, ...]:
    """What is left of a colour without red or green cones (Viénot, Brettel and Mollon 1999), as Lab."""
    red, green, blue = channels(colour)
    seen = {
        "protan": (0.11238 * red + 0.88762 * green, 0.11238 * red + 0.88762 * green, 0.00401 * red - 0.00401 * green + blue),
        "deutan": (0.29275 * red + 0.70725 * green, 0.29275 * red + 0.70725 * green, -0.02234 * red + 0.02234 * green + blue),
        "usual": (red, green, blue),
    }[kind]  # fmt: skip
    red, green, blue = (max(value, 0.0) for value in seen)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@THEMES
def test_texts_and_marks_stand_out_from_the_ground(theme: Theme) -> None:
    for text in (theme.ink, theme.faint):
        assert contrast(text, theme.background) >= 4.5
    for mark in (theme.accent, theme.good, theme.bad, *theme.categories):
        assert contrast(mark, theme.background) >= 3
    for ground in theme.pale:
        assert contrast(theme.ink, ground) >= 4.5


@THEMES
@pytest.mark.parametrize("kind", ["usual", "protan", "deutan"])
def test_the_first_series_differ_to_colour_blind_eyes(theme: Theme, kind: str) -> None:
    for one, other in itertools.combinations(theme.categories[:3], 2):
        difference = sum(
            (a - b) ** 2 for a, b in zip(as_seen(one, kind), as_seen(other, kind), strict=True)
        )
        assert difference**0.5 >= 15, (one, other)
    good, bad = as_seen(theme.good, kind), as_seen(theme.bad, kind)
    assert sum((a - b) ** 2 for a, b in zip(good, bad, strict=True)) ** 0.5 >= 15


@pytest.mark.parametrize(("theme", "mode"), [(LIGHT, 0), (DARK, 1)], ids=["light", "dark"])
def test_the_pages_and_the_charts_have_the_same_colours(theme: Theme, mode: int) -> None:
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", theme_style())
    style = {name: colours[mode] for name, *colours in pairs}
    assert (style["surface"], style["ink"], style["faint"], style["line"]) == (
        theme.background,
        theme.ink,
        theme.faint,
        theme.line,
    )
    assert (style["accent"], style["good"], style["bad"]) == (theme.accent, theme.good, theme.bad)


def test_both_themes_say_the_same_things() -> None:
    light, dark = config(LIGHT), config(DARK)
    assert light.keys() == dark.keys()
    assert light["range"].keys() == dark["range"].keys()


def test_money_is_written_in_the_shops_currency() -> None:
    assert currency_symbol("GBP") == "£"
    assert currency_symbol("CHF") == "CHF\u202f"
    assert format_locale("EUR")["currency"] == ["€", ""]
