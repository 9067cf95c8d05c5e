"""Make docs/gallery.md with its pictures, and the README's screenshot, from a published database.

python -m tests.browser.gallery regulars.duckdb
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import vl_convert
from playwright.sync_api import sync_playwright

from regulars.report.summarise import Report, summarise
from regulars.report.write import draw_figure, write_report
from regulars.warehouse import open_read_only
from tests.browser.conftest import ARGUMENTS, CHROMIUM, READY
from tests.conftest import ROOT

GALLERY = ROOT / "docs/gallery.md"
PICTURES = ROOT / "docs/img/gallery"
SCREENSHOT = ROOT / "docs/img/report.png"
# Larger drawings, of many dots or outlines, are kept as pixels.
LARGEST_SVG = 60_000
INTRODUCTION = """# Gallery

What `outputs/figures` holds after a build, as PNG and SVG, and the report draws too: here of the sample shop.
Each figure has its title, units and source in it. One that has nothing to show is not written, and
`regulars report` says why.
"""


def main(database: Path) -> None:
    """Write the page, its pictures and the screenshot."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.iterdir():
        old.unlink()
    with open_read_only(database) as connection:
        report = summarise(connection, is_anonymous=False)
    GALLERY.write_text(INTRODUCTION + "".join(_parts(report)), encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        page = write_report(database, Path(directory), is_anonymous=False, has_figures=False).page
        _take_screenshot(page)


def _parts(report: Report) -> list[str]:
    parts = []
    for tab in report.tabs:
        drawn = [view for view in tab.panels if view.panel.figures]
        if not drawn:
            continue
        parts.append(f"\n## {tab.tab.title}\n")
        for view in drawn:
            for number, figure in enumerate(view.panel.figures):
                text = f"\n**`{figure.name}`** {view.panel.title}: {figure.units}.\n"
                if not view.missing:
                    svg = draw_figure(report, view, number=number)
                    text += f"\n![{view.panel.title}](img/gallery/{_keep(figure.name, svg)})\n"
                parts.append(text)
    return parts


def _keep(name: str, svg: str) -> str:
    if len(svg) <= LARGEST_SVG:
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
        return f"{name}.svg"
    (PICTURES / f"{name}.png").write_bytes(vl_convert.svg_to_png(svg, scale=1))
    return f"{name}.png"


def _take_screenshot(page: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        tab = browser.new_page(viewport={"width": 1280, "height": 1130}, device_scale_factor=1.5)
        tab.goto(page.as_uri())
        tab.wait_for_selector(READY)
        tab.wait_for_selector("[data-chart=revenue_trend][data-drawn]")
        tab.screenshot(path=SCREENSHOT)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
