"""What a page needs to draw charts: Vega, the script that draws with it, the styles and the colours."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from importlib.resources import files
from typing import Any

import vl_convert

from regulars.charts.draw import VEGA_LITE
from regulars.charts.theme import DARK, LIGHT, config
from regulars.processes import forking_context


@cache
def begin_bundling() -> Future[str]:
    """Begin to bundle Vega in a process of its own: it takes seconds, 120 MB of memory and 35 GB of addresses."""
    pool = ProcessPoolExecutor(1, mp_context=forking_context("regulars.charts.draw"))
    bundled = pool.submit(_bundle)
    pool.shutdown(wait=False)
    return bundled


def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script (see THIRD_PARTY.md)."""
    try:
        return begin_bundling().result()
    except BrokenProcessPool:
        begin_bundling.cache_clear()  # the next page may have better luck
        raise


def _bundle() -> str:
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
