"""Write the report and its figures."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from regulars.charts.draw import as_figure, to_png, to_svg
from regulars.report.render import render
from regulars.report.summarise import PanelView, Report, headline, summarise
from regulars.warehouse import open_read_only

PAGE = "dashboard.html"
FIGURES = "figures"
# Drawing is done outside of Python: two of the fewest cores that we build for.
DRAWING_THREADS = 2


@dataclass(frozen=True)
class WrittenReport:
    """What was written.

    Attributes:
        page: The HTML file.
        figures: PNG and SVG files, sorted.
        left_out: Figures that have nothing to show, each with the reason.
    """

    page: Path
    figures: list[Path] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def write_report(
    database: Path, directory: Path, *, is_anonymous: bool, has_figures: bool
) -> WrittenReport:
    """Write `dashboard.html`, and `figures/*.png` and `*.svg`, from a published database.

    A file appears whole or not at all; figures of an earlier report that have nothing to show now
    are removed.

    Args:
        database: The published database.
        directory: Where to write; made if it is not there.
        is_anonymous: Whether to leave out ids of customers and orders.
        has_figures: Whether to draw the figures too.

    Raises:
        NotBuiltError: If there is no database.
    """
    with open_read_only(database) as connection:
        report = summarise(connection, is_anonymous=is_anonymous)
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / PAGE
    _write(page, render(report).encode())
    if not has_figures:
        return WrittenReport(page)
    folder = directory / FIGURES
    folder.mkdir(exist_ok=True)
    wanted = [
        (view, number) for view in report.views() for number in range(len(view.panel.figures))
    ]
    with ThreadPoolExecutor(DRAWING_THREADS) as threads:
        written = threads.map(lambda one: _write_figure(folder, report, *one), wanted)
        figures = sorted(path for paths in written for path in paths)
    left_out = {
        view.panel.figures[number].name: view.missing for view, number in wanted if view.missing
    }
    return WrittenReport(page, figures, left_out)


def _write_figure(folder: Path, report: Report, view: PanelView, number: int) -> list[Path]:
    name = view.panel.figures[number].name
    png, svg = (folder / f"{name}.{ending}" for ending in ("png", "svg"))
    if view.missing:
        png.unlink(missing_ok=True)
        svg.unlink(missing_ok=True)
        return []
    drawn = draw_figure(report, view, number=number)
    _write(png, to_png(drawn))
    _write(svg, drawn.encode())
    return [png, svg]


def draw_figure(report: Report, view: PanelView, *, number: int = 0) -> str:
    """Draw a panel's figure as SVG, with title, units and source.

    Args:
        report: The report.
        view: A panel with a chart and rows.
        number: Which of the panel's figures.
    """
    figure, rows = view.panel.figures[number], view.rows
    title = view.panel.title
    if view.panel.select:
        choice = figure.choice or next(row[view.panel.select] for row in rows)
        rows = [row for row in rows if row[view.panel.select] == choice]
        title = f"{title}: {str(choice).replace('_', ' ')}"
    if view.spec is None:
        raise ValueError(f"The panel {view.panel.key} has no chart.")
    return to_svg(
        as_figure(
            view.spec,
            rows,
            title=title,
            units=f"{figure.units[:1].upper()}{figure.units[1:]}. Amounts in {report.words.currency}.",
            source=f"Source: {headline(report)}; table {view.panel.tables[0]}.",
        ),
        currency=report.words.currency,
    )


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
