"""What is inlined from others is named, with version, licence and hash."""

from __future__ import annotations

import hashlib
import re

import vl_convert

from regulars.charts.assets import vega_bundle
from regulars.charts.draw import VEGA_LITE
from tests.conftest import ROOT

NOTICES = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_outlines_are_those_that_were_checked() -> None:
    text = (ROOT / "src/regulars/charts/world.json").read_text(encoding="utf-8")
    assert digest(text) in NOTICES


def test_the_charts_library_is_the_one_that_was_checked() -> None:
    assert digest(vega_bundle()) in NOTICES
    assert f"Vega {vl_convert.get_vega_version()}" in NOTICES
    assert f"Vega-Embed {vl_convert.get_vega_embed_version()}" in NOTICES
    assert re.search(rf"Vega-Lite {re.escape(VEGA_LITE)}", NOTICES)


def test_htmx_is_the_one_that_was_checked() -> None:
    text = (ROOT / "src/regulars/web/static/htmx.min.js").read_text(encoding="utf-8")
    (row,) = (line for line in NOTICES.splitlines() if "htmx.min.js" in line)
    assert digest(text) in row
    version = row.split("|")[2].strip()
    assert version in text
