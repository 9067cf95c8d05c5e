"""Whole journeys through the app in headless Chromium: what a user does, and no error on the way."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from regulars.charts.theme import DARK
from tests.conftest import Build
from tests.web.conftest import Live, running
from tests.web.conftest import live as live
from tests.web.conftest import sample_rows as sample_rows

SECONDS = 120_000

expect.set_options(timeout=SECONDS)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    """A page that fails the test on any console error, failed request, or request that leaves the server."""
    context = browser.new_context(
        base_url=live.url, accept_downloads=True, viewport={"width": 1440, "height": 1000}
    )
    opened = context.new_page()
    opened.set_default_timeout(SECONDS)
    faults: list[str] = []
    expected: list[str] = []
    opened.expected = expected  # type: ignore[attr-defined]
    opened.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)  # fmt: skip
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("request", lambda request: None if request.url.startswith(live.url) else faults.append(request.url))  # fmt: skip
    yield opened
    context.close()
    assert [fault for fault in faults if not any(part in fault for part in expected)] == []


def column(page: Page, table: str, at: int) -> list[str]:
    """The texts of a column, without what is small."""
    return page.locator(f"#{table} tbody tr").evaluate_all(
        "(rows, at) => rows.map(row => row.cells[at].childNodes[0]?.textContent.trim() ?? '')", at
    )


def numbers(texts: list[str]) -> list[float]:
    """Shown numbers, without those that are missing."""
    return [
        float(text.replace(",", "").replace(" %", "")) for text in texts if text != "\N{EN DASH}"
    ]


def violations(page: Page) -> list[str]:
    """What axe-core calls serious or worse."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in ("serious", "critical")]  # fmt: skip


def drawn(page: Page, *names: str) -> None:
    """Scroll to each chart and wait until it is drawn."""
    for name in names:
        page.locator(f"[data-plot='{name}']").scroll_into_view_if_needed()
        expect(page.locator(f"[data-plot='{name}'][data-drawn] svg")).to_be_visible()


def chart_texts(page: Page, name: str) -> list[str]:
    """What is written in a chart."""
    return page.locator(f"[data-plot='{name}'] svg text").all_text_contents()


EXPLORED = ("segments", "segment_values", "recency_frequency", "revenue_value", "countries", "clusters")  # fmt: skip
LABS = ("elbow", "silhouette", "stability", "cluster_recency", "cluster_frequency", "cluster_monetary")  # fmt: skip


def test_charts_follow_the_filters_and_their_tables_stay_open(page: Page, sample: Build) -> None:
    page.goto("/explore")
    drawn(page, *EXPLORED)
    assert "Hibernating" in chart_texts(page, "segments")
    page.locator("#rows-segments summary").click()
    heights = page.locator(".plot").evaluate_all(
        "places => places.map(place => place.clientHeight)"
    )
    assert min(heights) > 60

    page.get_by_label("Champions", exact=True).check()
    page.wait_for_url("**segment=Champions**")
    drawn(page, *EXPLORED)
    for name in ("segments", "segment_values"):
        texts = chart_texts(page, name)
        assert "Champions" in texts
        assert "Hibernating" not in texts
    expect(page.locator("#rows-segments table")).to_be_visible()
    # the cells of recency and frequency count every champion once
    [(champions,)] = sample.query(
        "select count(*) from customer_segments where segment = 'Champions'"
    )
    labels = page.locator(
        "[data-plot='recency_frequency'] svg .mark-text.role-mark text"
    ).all_text_contents()
    assert sum(int(text.replace(",", "")) for text in labels) == champions

    # another order of the list leaves the charts as they are
    page.evaluate("document.querySelector('[data-plot=segments]').dataset.kept = 'yes'")
    page.locator("#customers thead").get_by_role("link", name="Orders").click()
    page.wait_for_url("**sort=frequency**")
    expect(page.locator("#customers th[aria-sort]")).to_contain_text("Orders")
    expect(page.locator("[data-plot='segments'][data-kept]")).to_be_visible()

    page.goto("/explore?search=nobody")
    expect(page.locator("#figure-segments .empty")).to_be_visible()
    assert page.locator(".plot").count() == 0


@pytest.mark.parametrize("timezone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_the_days_of_a_customers_charts_are_those_of_the_shop(
    browser: Browser, live: Live, sample: Build, timezone: str
) -> None:
    [(customer_id, day)] = sample.query(
        "select customer_id, strftime(first_purchase_at, '%-d %b %Y') from customers "
        "inner join customer_scores using (as_of_date, customer_id) "
        "inner join customer_rfm using (as_of_date, customer_id) "
        "where frequency = 2 and next_order_date_expected is not null order by customer_id limit 1"
    )
    context = browser.new_context(base_url=live.url, timezone_id=timezone)
    opened = context.new_page()
    opened.goto(f"/customers/{customer_id}")
    drawn(opened, "orders", "history")
    assert "as of" in chart_texts(opened, "orders")
    marks = opened.locator("[data-plot='orders'] svg .mark-symbol.role-mark path")
    expect(marks).to_have_count(3)  # two orders, and the next one
    marks.first.hover()
    expect(opened.locator("#vg-tooltip-element")).to_contain_text(day)
    context.close()


def test_charts_change_with_the_systems_colours(page: Page) -> None:
    page.goto("/explore")
    drawn(page, "segments")
    bar = page.locator("[data-plot='segments'] svg .mark-rect.role-mark path").first
    light = bar.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    expect(bar).not_to_have_attribute("fill", light)
    drawn(page, "segments")
    assert bar.get_attribute("fill") == DARK.accent


def test_text_in_a_chart_stays_text(browser: Browser, hostile: Live) -> None:
    context = browser.new_context(base_url=hostile.url)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)  # fmt: skip
    opened.goto("/explore")
    drawn(opened, "countries", "clusters")
    assert any("<img" in text for text in chart_texts(opened, "countries"))
    opened.locator("[data-plot='countries'] svg .mark-rect.role-mark path").first.hover()
    expect(opened.locator("#vg-tooltip-element")).to_contain_text("<img")
    assert opened.evaluate("window.hacked") is None
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def hostile(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of a database whose texts try to run, or to end the place that they stand in."""
    folder = tmp_path_factory.mktemp("hostile")
    database = folder / "hostile.duckdb"
    shutil.copy(sample.database, database)
    database.chmod(0o644)
    with duckdb.connect(str(database)) as connection:
        for of, text in (("France", "'><img src=x onerror=window.hacked=true>"), ("Germany", "</script><script>window.hacked=1</script>")):  # fmt: skip
            connection.execute(
                "update customers set primary_country = ? where primary_country = ?", [text, of]
            )
    with running(database, folder / "log") as started:
        yield started


def test_explore_with_every_filter(page: Page, sample: Build) -> None:
    page.goto("/")
    expect(page).to_have_url("/explore")
    expect(page.locator("h1")).to_contain_text("whom do we contact")
    total = len(sample.query("from customers"))
    status = page.locator(".pager [aria-live]")
    expect(status).to_contain_text(f"{total:,} customers")

    page.get_by_label("Champions", exact=True).check()
    champions = len(sample.query("from customer_segments where segment = 'Champions'"))
    expect(status).to_contain_text(f"{champions:,} customers")
    assert set(column(page, "customers", 1)) == {"Champions"}
    assert "segment=Champions" in page.url

    page.locator("summary", has_text="Countries").click()
    page.get_by_label("United Kingdom", exact=True).check()
    expect(page.locator("#customers tbody tr").first).to_be_visible()
    page.wait_for_url("**country=United**")
    expect(status).not_to_contain_text(f"{champions:,} customers")
    assert set(column(page, "customers", 3)) == {"United Kingdom"}

    page.get_by_label("At least so many orders").fill("8")
    page.keyboard.press("Enter")
    page.wait_for_url("**minimum_frequency=8**")
    assert min(numbers(column(page, "customers", 5))) >= 8

    page.get_by_label("Expected value in 90 days from").fill("100")
    page.keyboard.press("Enter")
    page.wait_for_url("**minimum_clv=100**")
    assert min(numbers(column(page, "customers", 8)), default=100) >= 100

    page.get_by_label("Clusters by", exact=True).select_option("engagement")
    page.wait_for_url("**recipe=engagement**")
    page.locator("summary", has_text="Risk of no order").click()
    page.get_by_label("Low", exact=True).check()
    page.wait_for_url("**risk_band=Low**")

    # the address is the state: a reload shows the same, and going back undoes the last filter
    before = column(page, "customers", 0)
    page.reload()
    assert column(page, "customers", 0) == before
    expect(page.get_by_label("Champions", exact=True)).to_be_checked()
    page.go_back()
    page.wait_for_url(lambda url: "risk_band" not in url)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download these").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    shown = int(page.locator(".pager [aria-live]").inner_text().split()[0].replace(",", ""))
    assert len(rows) == shown
    assert {row["segment"] for row in rows} == {"Champions"}

    page.get_by_label("Raw table").select_option("segment_profiles")
    expect(page.locator("#raw-title")).to_have_text("segment_profiles")
    page.get_by_role("link", name="Reset").click()
    expect(page.locator(".pager [aria-live]")).to_contain_text(f"{total:,} customers")


def test_the_table_is_sorted_and_paged_on_the_server(page: Page) -> None:
    page.goto("/explore")
    for at, name in ((4, "Days since last order"), (5, "Orders"), (6, "Net revenue"), (8, "Expected value, 90 days")):  # fmt: skip
        heading = page.locator("#customers thead").get_by_role("link", name=name)
        for direction in ("descending", "ascending"):
            heading.click()
            head = page.locator("#customers thead th").nth(at)
            expect(head).to_have_attribute("aria-sort", direction)
            values = numbers(column(page, "customers", at))
            assert values == sorted(values, reverse=direction == "descending")
    first = column(page, "customers", 0)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".pager [aria-live]")).to_contain_text("page 2 of")
    assert not set(first) & set(column(page, "customers", 0))


def test_one_customer_by_keyboard(page: Page) -> None:
    page.goto("/explore?sort=monetary&order=desc")
    customer_id = column(page, "customers", 0)[0]
    page.locator("#customers tbody a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(f"Customer {customer_id}")
    for name in ("Why these scores?", "What to offer?", "How did the segment change?"):
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert page.locator("section[aria-label=Recommendations] li").count() > 3
    drawn(page, "orders", "history")
    page.locator("#rows-orders summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rows-orders table")).to_be_visible()


@pytest.fixture(scope="module")
def sample_workbook(sample_rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first part of the sample's rows as a workbook."""
    path = tmp_path_factory.mktemp("workbook") / "sales.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sales")
        with sample_rows.open(encoding="utf-8", newline="") as source:
            for at, row in zip(range(20_001), csv.reader(source), strict=False):
                sheet.write_row(at, 0, row)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_upload_from_file_to_download(
    page: Page, sample_rows: Path, sample_workbook: Path, kind: str
) -> None:
    page.goto("/upload")
    page.get_by_label("Transactions: CSV").set_input_files(
        sample_rows if kind == "csv" else sample_workbook
    )
    page.get_by_role("button", name="Upload").click()
    _from_mapping_to_download(page)


def _from_mapping_to_download(page: Page) -> int:
    expect(page.get_by_role("heading", name="Which column is which?")).to_be_visible()
    expect(page.locator("#column_customer_id")).to_have_value("Customer ID")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#work-progress").or_(page.locator("#results"))).to_be_visible()
    expect(page.locator("#results")).to_be_visible(timeout=SECONDS)
    assert "sale" in column(page, "rules", 0)
    drawn(page, "segments", "drift")
    assert violations(page) == []
    heads = page.locator("#classified thead th")
    for at in range(heads.count()):
        for _ in range(2):
            head = page.locator("#classified thead th").nth(at)
            before = head.get_attribute("aria-sort")
            head.get_by_role("link").click()
            direction = "descending" if before != "descending" else "ascending"
            expect(page.locator("#classified thead th").nth(at)).to_have_attribute("aria-sort", direction)  # fmt: skip
            texts = column(page, "classified", at)
            is_number = "number" in (head.get_attribute("class") or "")
            values = numbers(texts) if is_number else texts
            assert values == sorted(values, reverse=direction == "descending")
    page.get_by_label("Clusters by", exact=True).select_option("mixed_gmm")
    expect(page.get_by_role("link", name="Download all")).to_have_attribute(
        "href", re.compile("recipe=mixed_gmm")
    )
    total = int(page.locator("#result-title").inner_text().split()[0].replace(",", ""))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as source:
        assert len(list(csv.DictReader(source))) == total
    page.get_by_role("button", name="Delete the upload now").click()
    expect(page.get_by_text("have been deleted")).to_be_visible()
    return total


def test_an_answer_still_under_way_does_not_bring_back_what_is_deleted(
    page: Page, sample_rows: Path
) -> None:
    page.expected += ["htmx:afterRequest", "htmx:sendAbort"]  # htmx logs what it gives up
    page.goto("/upload")
    page.get_by_label("Transactions: CSV").set_input_files(sample_rows)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#results")).to_be_visible(timeout=SECONDS)
    held: list[Route] = []
    page.route(re.compile("/(results|delete)"), lambda route: held.append(route))
    with page.expect_request(re.compile("recipe=mixed_gmm")):
        page.get_by_label("Clusters by", exact=True).select_option("mixed_gmm")
    with page.expect_request("**/delete"):
        page.get_by_role("button", name="Delete the upload now").click()
    for route in held:
        route.continue_()
        page.wait_for_timeout(500)
    expect(page.get_by_text("have been deleted")).to_be_visible()


@pytest.mark.realdata
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_real_first_year_from_file_to_download(
    page: Page, real_data: Path, connection, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "year.csv"
    connection.execute(f"copy (from '{real_data}/year_2009_2010.parquet') to '{path}'")
    if kind == "xlsx":
        workbook = tmp_path / "year.xlsx"
        with xlsxwriter.Workbook(workbook, {"constant_memory": True}) as book:
            sheet = book.add_worksheet("Year 2009-2010")
            with path.open(encoding="utf-8", newline="") as source:
                for at, row in enumerate(csv.reader(source)):
                    sheet.write_row(at, 0, row)
        path = workbook
    page.goto("/upload")
    page.get_by_label("Transactions: CSV").set_input_files(path)
    page.get_by_role("button", name="Upload").click()
    assert _from_mapping_to_download(page) == 4282


def test_a_file_can_be_dropped_and_a_bad_one_says_why(page: Page) -> None:
    page.expected += ["422", "415"]  # the browser logs statuses of errors
    page.goto("/upload")
    transfer = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["Invoice,Foo\\n1,2\\n"], "sales.csv", { type: "text/csv" }));
            return data;
        }"""
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": transfer})
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#column_price")).to_have_value("")
    page.locator("#mapping").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_role("alert")).to_contain_text("Columns found: Invoice, Foo")

    page.locator("#file").set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": b"\x89PNG"})  # fmt: skip
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_contain_text("a picture")


def test_the_lab_from_two_to_ten_clusters(page: Page, sample: Build) -> None:
    page.goto("/lab")
    page.get_by_role("button", name="Try all numbers").click()
    drawn(page, *LABS)
    page.locator("#rows-elbow summary").click()
    expect(page.locator("#evaluations")).to_be_visible()
    expect(page.locator("#evaluations tbody tr")).to_have_count(9)
    assert violations(page) == []
    slider = page.locator("#clusters")
    for count in range(2, 11):
        slider.fill(str(count))
        expect(page.locator("#figure-profile figcaption")).to_have_text(
            f"Profile of {count} clusters"
        )
        expect(page.locator("#clusters-shown")).to_have_text(str(count))
        expect(page.locator("#figure-profile tbody tr")).to_have_count(count)
        drawn(page, "cluster_recency")
        bars = page.locator("[data-plot='cluster_recency'] svg .mark-rect.role-mark path")
        expect(bars).to_have_count(count)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download customer_segments.csv").click()
    assert download.value.suggested_filename == "customer_segments.csv"
    with Path(download.value.path()).open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == len(sample.query("from customers"))
    assert len({row["cluster_id"] for row in rows}) == 10


CHARTS_OF = {"/explore": EXPLORED, "/customers/12346": ("orders", "history")}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/explore", "/customers/12346", "/upload", "/lab", "/api-docs", "/login", "/nothing"])  # fmt: skip
def test_pages_are_accessible_wide_and_narrow(page: Page, path: str, scheme: str) -> None:
    page.expected += ["404"]
    page.emulate_media(color_scheme=scheme)
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path)
        drawn(page, *CHARTS_OF.get(path, ()))
        assert violations(page) == []
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{overflow} pixels wider than {width}"
    folder = os.environ.get("REGULARS_SCREENSHOTS")
    if folder:
        name = f"{path.strip('/').replace('/', '_')}_{scheme}"
        page.screenshot(path=f"{folder}/{name}_360.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 1000})
        page.screenshot(path=f"{folder}/{name}_1440.png", full_page=True)
