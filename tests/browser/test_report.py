"""The report as people use it: by mouse, keyboard and phone, in light and dark, without a network."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import HOSTILE, TABS, draw_all
from tests.conftest import Build

Open = Callable[..., Page]
ROWS = "#customers-table tbody tr"


def rows(page: Page) -> list[list[str]]:
    """Texts of the list of customers, all of it."""
    while page.locator("#customers-table ~ .more, #customers-table .more").first.is_visible():
        page.locator("#customers-table .more").click()
    return page.evaluate(
        "[...document.querySelectorAll('#customers-table tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))"
    )


def headings(page: Page) -> list[str]:
    return page.evaluate(
        "[...document.querySelectorAll('#customers-table th')].map(cell => cell.dataset.column)"
    )


def column(page: Page, name: str) -> list[str]:
    at = headings(page).index(name)
    return [row[at] for row in rows(page)]


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#filters [name={name}]")


def number(text: str) -> float:
    return float(re.sub(r"[^\d.\u2212-]", "", text).replace("\u2212", "-"))


# ---- every tab ----


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_tab_is_whole_and_accessible(
    open_page: Open, report_file: Path, tab: str, theme: str
) -> None:
    page = open_page(report_file, f"tab={tab}", theme=theme)
    draw_all(page)
    assert page.get_attribute("html", "data-theme") == theme
    # every panel says something: a chart, a table, facts, a list or a reason
    for panel in page.locator(".part:not([hidden]) .panel").all():
        text = panel.inner_text()
        assert len(text) > 20, panel.get_attribute("id")
        assert not re.search(r"\b(undefined|NaN|null|None|Infinity)\b", text), text[:200]
    for plot in page.locator(".part:not([hidden]) .plot").all():
        box = plot.locator("svg").bounding_box()
        assert box
        assert box["width"] > 200
        assert box["height"] > 60
        assert plot.get_attribute("aria-label")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
    serious = [
        (violation["id"], [node["target"] for node in violation["nodes"]][:3])
        for violation in found.response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert serious == []


@pytest.mark.parametrize("tab", TABS)
def test_nothing_sticks_out_of_a_phone(open_page: Open, report_file: Path, tab: str) -> None:
    page = open_page(report_file, f"tab={tab}", width=360, height=740)
    draw_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for panel in page.locator(".part:not([hidden]) .panel").all():
        box = panel.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360


# ---- tabs ----


def test_tabs_open_by_mouse_and_the_address_keeps_them(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file)
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed, and what is it worth?")
    page.get_by_role("tab", name="Timing").click()
    expect(page.locator("#part-timing")).to_be_visible()
    expect(page.locator("#part-executive")).to_be_hidden()
    assert page.url.endswith("#tab=timing")
    page.go_back()
    expect(page.locator("#part-executive")).to_be_visible()
    page.go_forward()
    page.reload()
    expect(page.locator("#part-timing")).to_be_visible()


def test_tabs_open_by_keyboard(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.get_by_role("tab", name="Executive").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Sales & data")).to_be_focused()
    expect(page.locator("#part-sales")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#part-insights")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#part-executive")).to_be_visible()
    # one stop of the Tab key for all tabs
    assert page.locator("[role=tab][tabindex='0']").count() == 1


# ---- segments ----


def test_a_segment_card_opens_its_detail_and_its_customers(
    open_page: Open, report_file: Path, sample: Build
) -> None:
    page = open_page(report_file, "tab=segments")
    cards = page.locator(".segment-card")
    expect(cards).to_have_count(11)
    page.locator(".segment-card", has_text="At Risk").click()
    expect(page.locator("[data-segment='At Risk']")).to_have_attribute("aria-pressed", "true")
    [(customers, meaning)] = sample.query(
        "select customer_count, meaning from report_segments where segment = 'At Risk'"
    )
    facts = page.locator("[data-facts=segment_facts]")
    expect(facts).to_contain_text(meaning)
    expect(facts).to_contain_text(f"{customers:,}")
    page.get_by_role("button", name="See At Risk customers").click()
    expect(page.locator("#part-customers")).to_be_visible()
    expect(page.locator("#filters [name=segment]")).to_have_value("At Risk")
    assert set(column(page, "segment")) == {"At Risk"}
    assert len(rows(page)) == customers
    # the choice survives other tabs, and a new start
    page.get_by_role("tab", name="Baskets").click()
    page.get_by_role("tab", name="Segments").click()
    expect(page.locator("[data-segment='At Risk']")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("[data-segment='At Risk']")).to_have_attribute("aria-pressed", "true")


def test_a_recipe_changes_every_panel_of_its_tab(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, "tab=clusters")
    profiles = page.locator("[data-rows=cluster_profiles] tbody")
    before = profiles.inner_text()
    finding = page.locator("[data-finding=cluster_profiles]").inner_text()
    page.locator("[data-choice=recipe]").select_option("rfm_enhanced")
    expect(profiles).not_to_have_text(before)
    expect(page.locator("[data-finding=cluster_profiles]")).not_to_have_text(finding)
    assert "recipe=rfm_enhanced" in page.url
    page.locator("#cluster_shapes").scroll_into_view_if_needed()
    expect(page.locator("[data-chart=cluster_shapes] svg")).to_contain_text("Core Champions")


# ---- the list of customers ----


def test_filters_leave_what_they_say(open_page: Open, report_file: Path, sample: Build) -> None:
    page = open_page(report_file, "tab=customers")
    count = page.locator("#customers-table .count")
    [(customers,)] = sample.query("select count(*) from report_customers")
    expect(count).to_have_text(f"{customers:,} customers")
    field(page, "orders").fill("10")
    [(expected,)] = sample.query("select count(*) from report_customers where frequency >= 10")
    expect(count).to_have_text(f"{expected:,} of {customers:,} customers")
    assert min(number(text) for text in column(page, "frequency")) >= 10
    [(country, here)] = sample.query(
        "select country, count(*) from report_customers where frequency >= 10 group by 1 order by 2 desc limit 1"
    )
    field(page, "country").select_option(country)
    expect(count).to_have_text(f"{here:,} of {customers:,} customers")
    page.get_by_role("button", name="Clear filters").click()
    expect(count).to_have_text(f"{customers:,} customers")
    assert page.url.endswith("#tab=customers")


def test_a_cluster_is_chosen_within_its_recipe(
    open_page: Open, report_file: Path, sample: Build
) -> None:
    page = open_page(report_file, "tab=customers")
    expect(field(page, "cluster")).to_be_disabled()
    field(page, "recipe").select_option("engagement")
    [(cluster, expected)] = sample.query(
        "select cluster_name, count(*) from customer_clusters inner join report_customers using (customer_id) "
        "where recipe = 'engagement' group by 1 order by 2 limit 1"
    )
    field(page, "cluster").select_option(cluster)
    assert len(rows(page)) == expected
    assert set(column(page, "engagement")) == {cluster}


def test_a_search_finds_customers_and_reasons(
    open_page: Open, report_file: Path, sample: Build
) -> None:
    page = open_page(report_file, "tab=customers")
    [(customer,)] = sample.query("select customer_id from report_customers where contact_rank = 7")
    field(page, "search").fill(customer)
    expect(page.locator(ROWS)).to_have_count(1)
    assert column(page, "customer_id") == [customer]
    field(page, "search").fill("no such customer")
    expect(page.locator(ROWS)).to_have_count(0)
    expect(page.locator("#customers-table .count")).to_contain_text("0 of")


def test_columns_sort_both_ways_and_gaps_stay_last(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, "tab=customers")
    heading = page.locator("#customers-table th[data-column=monetary]")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    falling = [number(text) for text in column(page, "monetary")]
    assert falling == sorted(falling, reverse=True)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    rising = [number(text) for text in column(page, "monetary")]
    assert rising == sorted(rising)
    assert "sort=monetary" in page.url
    page.locator("#customers-table th[data-column=risk_reason]").get_by_role("button").click()
    reasons = column(page, "risk_reason")
    known = [reason for reason in reasons if reason != "\u2013"]
    assert reasons[: len(known)] == known


def test_a_missing_expected_value_stays_visible(
    open_page: Open, gaps_report: tuple[Path, int]
) -> None:
    file, gaps = gaps_report
    page = open_page(file, "tab=customers")
    field(page, "value").fill("100000000")
    assert column(page, "clv_90d") == ["\u2013"] * gaps


def test_the_download_is_what_the_screen_shows(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, "tab=customers")
    field(page, "segment").select_option("Champions")
    field(page, "orders").fill("12")
    page.locator("#customers-table th[data-column=recency_days]").get_by_role("button").click()
    shown, names = rows(page), headings(page)
    with page.expect_download() as waiting:
        page.locator("#customers-table").get_by_role("button", name="Download CSV").click()
    download = waiting.value
    assert re.fullmatch(
        rf"regulars_customers_champions_orders-from-12_\d{{4}}-\d\d-\d\d_{len(shown)}-rows\.csv",
        download.suggested_filename,
    )
    text = Path(download.path()).read_bytes().decode()
    assert text.endswith("\r\n")
    header, *content = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == names
    assert len(content) == len(shown)
    for name in ("customer_id", "segment", "risk_reason", "recency_days", "contact_rank"):
        at = names.index(name)
        assert [row[at].replace(",", "") for row in shown] == [
            (row[at] or "\u2013").replace(",", "") for row in content
        ]


# ---- tables below charts, sources, themes, print ----


def test_each_chart_has_its_table_and_its_sql(
    open_page: Open, report_file: Path, sample: Build
) -> None:
    page = open_page(report_file, "tab=sales")
    panel = page.locator("#revenue_by_month")
    panel.locator("details.rows > summary").click()
    [(months,)] = sample.query("select count(*) from timing_monthly")
    expect(panel.locator("tbody tr")).to_have_count(months)
    panel.locator("details.source > summary").click()
    expect(panel.locator("details.source")).to_contain_text(
        "models/marts/timing/timing_monthly.sql"
    )
    # the SQL that is shown gives the rows that are shown
    assert len(sample.query(panel.locator("details.source pre").first.inner_text())) == months


def test_light_and_dark_can_be_switched_and_are_remembered(
    open_page: Open, report_file: Path
) -> None:
    page = open_page(report_file, "tab=timing")
    draw_all(page)
    fill = "getComputedStyle(document.querySelector('[data-chart=hourly] svg text')).fill"
    light = page.evaluate(fill)
    page.locator("#theme").click()
    assert page.get_attribute("html", "data-theme") == "dark"
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)
    draw_all(page)
    assert page.evaluate(fill) != light
    page.reload()
    page.wait_for_selector("html[data-theme=dark]")


def test_the_age_of_the_data_is_told(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file)
    expect(page.locator("#age")).to_have_class(re.compile("old"))
    expect(page.locator("#age")).to_contain_text("days old")


@pytest.mark.parametrize("timezone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_months_are_the_same_everywhere(open_page: Open, report_file: Path, timezone: str) -> None:
    page = open_page(report_file, "tab=sales", timezone=timezone)
    draw_all(page)
    bars = page.locator("#revenue_by_month .plot svg")
    expect(bars).to_contain_text("Jan 23")
    expect(bars).to_contain_text("Dec 24")
    expect(bars).not_to_contain_text("Dec 22")
    page.locator("#revenue_by_month details.rows > summary").click()
    expect(page.locator("#revenue_by_month tbody td").first).to_have_text("1 Jan 2023")


def test_printing_leaves_the_controls_out(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, "tab=executive")
    draw_all(page)
    page.emulate_media(media="print")
    for hidden in ("nav", ".tools", "#revenue_trend .source", "#revenue_trend details.rows"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#kpis")).to_be_visible()
    assert len(page.pdf(format="A4")) > 20_000


def test_print_all_draws_every_chart_in_light(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, theme="dark")
    page.evaluate(
        "window.print = () => { window.printed = {"
        " theme: document.documentElement.dataset.theme,"
        " missing: [...document.querySelectorAll('.plot')].filter(place => !place.dataset.drawn).length,"
        " hidden: document.querySelectorAll('.part[hidden]').length } }"
    )
    page.locator("#print").click()
    for _ in range(300):
        if page.evaluate("Boolean(window.printed)"):
            break
        page.wait_for_timeout(100)
    assert page.evaluate("window.printed") == {"theme": "light", "missing": 0, "hidden": 0}
    assert page.get_attribute("html", "data-theme") == "dark"
    expect(page.locator("#part-sales")).to_be_hidden()


def test_insights_are_filtered_by_category(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file, "tab=insights")
    part = page.locator("#part-insights")
    before = part.locator("li[data-category]:visible").count()
    assert before > 0
    category = part.locator("li[data-category]").first.get_attribute("data-category")
    part.locator("[data-choice=category]").select_option(category)
    shown = part.locator("li[data-category]:visible")
    assert {item.get_attribute("data-category") for item in shown.all()} == {category}
    part.locator("[data-choice=category]").select_option("")
    expect(part.locator("li[data-category]:visible")).to_have_count(before)


# ---- what must not happen ----


def test_hostile_texts_are_shown_and_never_run(open_page: Open, hostile_file: Path) -> None:
    page = open_page(hostile_file, "tab=sales")
    draw_all(page)
    page.locator("#top_products details.rows > summary").click()
    names = page.locator("#top_products tbody tr td:first-child").all_text_contents()
    assert names[: len(HOSTILE)] == HOSTILE
    page.locator("#top_products .plot svg").hover()
    for tab in ("executive", "customers", "insights"):
        page.get_by_role("tab", name=re.compile(tab, re.I)).click()
        draw_all(page)
    page.get_by_role("tab", name="Customers").click()
    assert column(page, "risk_reason")[: len(HOSTILE)] == HOSTILE
    with page.expect_download() as waiting:
        page.locator("#customers-table").get_by_role("button", name="Download CSV").click()
    text = Path(waiting.value.path()).read_bytes().decode()
    content = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    reasons = [row["risk_reason"] for row in content[: len(HOSTILE)]]
    assert reasons == [
        f"'{reason}" if reason.startswith(("=", "+", "-", "@")) else reason for reason in HOSTILE
    ]
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0


def test_an_anonymous_report_names_nobody(
    open_page: Open, anonymous_report: Path, sample: Build
) -> None:
    page = open_page(anonymous_report, "tab=customers")
    assert "customer_id" not in headings(page)
    text = anonymous_report.read_text(encoding="utf-8")
    for (customer,) in sample.query("select customer_id from report_customers limit 200"):
        assert f'"{customer}"' not in text
        assert f"Customer {customer}" not in text


def test_a_shop_too_young_for_models_gets_reasons_not_holes(
    open_page: Open, small_shop_report: Path
) -> None:
    page = open_page(small_shop_report, "tab=models")
    missing = page.locator("#part-models .missing")
    assert missing.count() > 3
    for sentence in missing.all_text_contents():
        assert len(sentence) > 30
        assert sentence.strip().endswith(".")
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
        draw_all(page)


def test_the_page_is_quick(open_page: Open, report_file: Path) -> None:
    page = open_page(report_file)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    usable = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert paint < 1500
    assert usable < 3000
