"""Numbers as the page writes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from regulars.report.words import Words, change, count, day, label, listed, percent

GBP = Words("GBP")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "\u2013"),
        (Decimal("0"), "£0.00"),
        (Decimal("12.345"), "£12.35"),
        (999.99, "£999.99"),
        (5210.4, "£5,210"),
        (123456, "£123k"),
        (1_240_000, "£1.24M"),
        (2.5e9, "£2.50bn"),
        (-5210.4, "\u2212£5,210"),
    ],
)
def test_money_is_short_where_it_is_large(amount: Decimal | float | None, text: str) -> None:
    assert GBP.money(amount) == text


def test_figures_are_written_in_their_unit() -> None:
    assert GBP.figure(0.1234, "share") == "12.3%"
    assert GBP.figure(1234.4, "count") == "1,234"
    assert GBP.figure(None, "money") == "\u2013"
    assert GBP.figure(30, "days") == "30 days"
    assert Words("SEK").figure(5, "money") == "SEK\u202f5.00"


def test_changes_have_their_sign() -> None:
    assert change(0.0591) == "+5.9%"
    assert change(-0.032) == "\u22123.2%"
    assert change(None) == "\u2013"
    assert percent(-0.5, 0) == "\u221250%"


def test_dates_and_lists() -> None:
    assert day(date(2011, 12, 9)) == "9 Dec 2011"
    assert count(Decimal("12345.6")) == "12,346"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("column", "heading"),
    [
        ("customer_count", "Customers"),
        ("category_count", "Categories"),
        ("measured_count", "Measured"),
        ("revenue_last_90d", "Revenue last 90 days"),
        ("is_complete", "Complete"),
        ("aov", "Average order value"),
        ("avg_r_score", "Mean r score"),
        ("count", "Count"),
    ],
)
def test_columns_have_readable_headings(column: str, heading: str) -> None:
    assert label(column) == heading
