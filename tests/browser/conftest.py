"""A headless browser that fails a test on any request that leaves the file and on any error or warning."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from regulars.report.write import write_report
from tests.conftest import Build

CHROMIUM = Path(os.environ.get("REGULARS_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
# a busy machine may take long; what is not there by then will not come
expect.set_options(timeout=60_000)
READY = "html[data-ready]"
TABS = [
    "executive", "sales", "segments", "customers", "timing", "clusters", "baskets", "models",
    "insights",
]  # fmt: skip
# Places where a report shows text of the source, and what hostile ones do with them.
HOSTILE = [
    "<script>window.hacked = true</script>",
    "</script><img src=x onerror=window.hacked=true>",
    "\"quotes\", 'apostrophes' & ampersands",
    '=HYPERLINK("https://example.invalid","click")',
    "+1+cmd|' /C calc'!A0",
    "\u202egnirts desrever\u202c",
    "קערת אורז גדולה",
    "<!-- <script>",
    "line\nbreak\u2028and another",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests are skipped, but not where CI promises it."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"There is no browser at {CHROMIUM}: run tests/browser/install_browser.sh.")
        pytest.skip(f"There is no browser at {CHROMIUM}: run tests/browser/install_browser.sh.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def report_file(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the embedded sample."""
    directory = tmp_path_factory.mktemp("report")
    return write_report(sample.database, directory, is_anonymous=False, has_figures=False).page


@pytest.fixture(scope="session")
def hostile_file(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a database whose texts try to run, to end their place or to be formulas."""
    directory = tmp_path_factory.mktemp("hostile")
    database = directory / "hostile.duckdb"
    shutil.copy(sample.database, database)
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        for number, text in enumerate(HOSTILE):
            connection.execute(
                "update products set description = ? where stock_code = (select stock_code from products "
                "order by revenue desc, stock_code limit 1 offset ?)",
                [text, number],
            )
            connection.execute(
                "update report_customers set risk_reason = ?, country = ? where contact_rank = ?",
                [text, text, number + 1],
            )
            connection.execute(
                "update report_set_aside_examples set description = ? where example_number = 1 and "
                "disposition = (select disposition from report_set_aside_examples group by 1 order by 1 "
                "limit 1 offset ?)",
                [text, number],
            )
        connection.execute("update alerts set sentence = ?, subject = ?", [HOSTILE[0], HOSTILE[1]])
    return write_report(database, directory, is_anonymous=False, has_figures=False).page


@pytest.fixture(scope="session")
def anonymous_report(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's report without ids."""
    directory = tmp_path_factory.mktemp("anonymous")
    return write_report(sample.database, directory, is_anonymous=True, has_figures=False).page


@pytest.fixture(scope="session")
def small_shop_report(small_shop: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a shop too young for any model."""
    directory = tmp_path_factory.mktemp("small")
    return write_report(small_shop.database, directory, is_anonymous=False, has_figures=False).page


@pytest.fixture(scope="session")
def gaps_report(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The sample's report with some expected values unknown, and how many."""
    directory, gaps = tmp_path_factory.mktemp("gaps"), 4
    database = directory / "gaps.duckdb"
    shutil.copy(sample.database, database)
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update report_customers set clv_90d = null where contact_rank <= ?", [gaps]
        )
    page = write_report(database, directory, is_anonymous=False, has_figures=False).page
    return page, gaps


@pytest.fixture
def watched() -> list[str]:
    """What a page did that it must not; must be empty when a test ends."""
    return []


@pytest.fixture
def open_page(browser: Browser, watched: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a report: `open_page(file, address="tab=sales", width=1440, theme="light")`."""
    contexts: list[BrowserContext] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            watched.append(f"{message.type}: {message.text}")

    def run(
        file: Path,
        address: str = "",
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        timezone: str = "Europe/London",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            timezone_id=timezone,
            accept_downloads=True,
            offline=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", on_console)
        page.on("pageerror", lambda error: watched.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "blob:"))
                else watched.append(f"request: {request.url}")
            ),
        )
        page.goto(f"{file.resolve().as_uri()}#{address}")
        page.wait_for_selector(READY)
        return page

    yield run
    for context in contexts:
        context.close()
    assert watched == []


def draw_all(page: Page) -> None:
    """Scroll through the open tab until every chart is drawn."""
    for place in page.locator(".part:not([hidden]) .plot").all():
        place.scroll_into_view_if_needed()
        page.wait_for_selector(f'[data-chart="{place.get_attribute("data-chart")}"][data-drawn]')
    page.evaluate("window.scrollTo(0, 0)")
