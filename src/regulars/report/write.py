"""Write the report and its figures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regulars.charts.assets import begin_bundling
from regulars.charts.draw import as_figure, to_pictures, to_svg
from regulars.processes import forking_context
from regulars.report.render import render
from regulars.report.summarise import PanelView, Report, headline, summarise
from regulars.warehouse import open_read_only

PAGE = "dashboard.html"
FIGURES = "figures"
# Of the fewest cores that we build for. Threads would wait for each other: drawing keeps the interpreter's lock.
DRAWING_PROCESSES = 2


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
    """Write `dashboard.html`, and `figures/*.png` and `*.svg`; see `begun_report`."""
    with begun_report(database, is_anonymous=is_anonymous, has_figures=has_figures) as write:
        return write(directory)


@contextmanager
def begun_report(
    database: Path, *, is_anonymous: bool, has_figures: bool
) -> Iterator[Callable[[Path], WrittenReport]]:
    """Begin to make a report in the background, from a database that has the marts.

    What the block gets waits for the report and writes it to a folder, which it makes if need be. A file
    appears whole or not at all; figures of an earlier report that have nothing to show now are removed.

    Args:
        database: The published database, or a warehouse that was built without failures.
        is_anonymous: Whether to leave out ids of customers and orders.
        has_figures: Whether to draw the figures too.

    Raises:
        NotBuiltError: By what the block gets, if there is no database.
    """
    context = forking_context("regulars.charts.draw")
    begin_bundling()
    with ThreadPoolExecutor(1) as beside, ExitStack() as stack:
        processes = None
        if has_figures:
            processes = ProcessPoolExecutor(DRAWING_PROCESSES, mp_context=context)
            stack.callback(processes.shutdown, cancel_futures=True)
        drafted = beside.submit(_draft, database, is_anonymous, processes)

        def write(directory: Path) -> WrittenReport:
            content, figures = drafted.result()
            directory.mkdir(parents=True, exist_ok=True)
            page = directory / PAGE
            _write(page, content)
            if figures is None:
                return WrittenReport(page)
            return WrittenReport(page, figures.write(directory / FIGURES), figures.left_out)

        yield write


def _draft(
    database: Path, is_anonymous: bool, processes: ProcessPoolExecutor | None
) -> tuple[bytes, _Figures | None]:
    with open_read_only(database) as connection:
        report = summarise(connection, is_anonymous=is_anonymous)
    figures = _Figures(report, processes) if processes else None
    return render(report).encode(), figures


class _Figures:
    """The figures of a report, which are drawn from now on in other processes."""

    def __init__(self, report: Report, processes: ProcessPoolExecutor) -> None:
        wanted = [
            (view, number) for view in report.views() for number in range(len(view.panel.figures))
        ]
        self.left_out = {
            view.panel.figures[number].name: view.missing for view, number in wanted if view.missing
        }
        self._pictures = {
            view.panel.figures[number].name: processes.submit(
                to_pictures, _figure(report, view, number), currency=report.words.currency
            )
            for view, number in wanted
            if not view.missing
        }

    def write(self, folder: Path) -> list[Path]:
        """Write them as they come, remove what has nothing to show now; return the files, sorted."""
        folder.mkdir(exist_ok=True)
        written = []
        for name, pictures in self._pictures.items():
            svg, png = pictures.result()
            for ending, content in (("svg", svg.encode()), ("png", png)):
                path = folder / f"{name}.{ending}"
                _write(path, content)
                written.append(path)
        for name in self.left_out:
            for ending in ("svg", "png"):
                (folder / f"{name}.{ending}").unlink(missing_ok=True)
        return sorted(written)


def draw_figure(report: Report, view: PanelView, *, number: int = 0) -> str:
    """Draw a panel's figure as SVG, with title, units and source.

    Args:
        report: The report.
        view: A panel with a chart and rows.
        number: Which of the panel's figures.
    """
    return to_svg(_figure(report, view, number), currency=report.words.currency)


def _figure(report: Report, view: PanelView, number: int) -> dict[str, Any]:
    figure, rows = view.panel.figures[number], view.rows
    title = view.panel.title
    if view.panel.select:
        choice = figure.choice or next(row[view.panel.select] for row in rows)
        rows = [row for row in rows if row[view.panel.select] == choice]
        title = f"{title}: {str(choice).replace('_', ' ')}"
    if view.spec is None:
        raise ValueError(f"The panel {view.panel.key} has no chart.")
    return as_figure(
        view.spec,
        rows,
        title=title,
        units=f"{figure.units[:1].upper()}{figure.units[1:]}. Amounts in {report.words.currency}.",
        source=f"Source: {headline(report)}; table {view.panel.tables[0]}.",
    )


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
