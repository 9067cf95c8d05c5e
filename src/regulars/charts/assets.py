"""What a page needs to draw charts: Vega, the script that draws with it, the styles and the colours."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import vl_convert

from regulars.charts.draw import VEGA_LITE
from regulars.charts.theme import DARK, LIGHT, config


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script (see THIRD_PARTY.md)."""
    text = vl_convert.javascript_bundle(vl_version=VEGA_LITE).replace("\r", "")
    # inside a script element these would end it or change how it is read
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def vega_licence() -> str:
    """The licence, which accompanies each copy of the bundle."""
    return _text("vega_licence.txt")


def drawing_script() -> str:
    """The script that draws a specification in the width of its place."""
    return _text("draw.js")


def theme_style() -> str:
    """Colours, type and what belongs to charts, for light and dark."""
    return _text("theme.css")


def themes() -> dict[str, dict[str, Any]]:
    """Vega-Lite's `config` by mode."""
    return {"light": config(LIGHT), "dark": config(DARK)}


def _text(name: str) -> str:
    return (files("regulars.charts") / name).read_text(encoding="utf-8")
