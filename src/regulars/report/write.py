"""Write the report and its figures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from regulars.charts.draw import as_figure, to_png, to_svg
from regulars.report.render import render
from regulars.report.summarise import PanelView, Report, headline, summarise
from regulars.warehouse import open_read_only

PAGE = "dashboard.html"
FIGURES = "figures"


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
    figures, left_out = [], {}
    for view in report.views():
        for figure in view.panel.figures:
            paths = [folder / f"{figure.name}.{ending}" for ending in ("png", "svg")]
            if view.missing:
                left_out[figure.name] = view.missing
                for path in paths:
                    path.unlink(missing_ok=True)
                continue
            svg = draw_figure(report, view, number=view.panel.figures.index(figure))
            _write(paths[0], to_png(svg))
            _write(paths[1], svg.encode())
            figures += paths
    return WrittenReport(page, sorted(figures), left_out)


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
