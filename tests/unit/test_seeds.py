"""Seeds that carry rules: the segment grids, against the tables that define them."""

from __future__ import annotations

import calendar
import csv
import itertools
import re
from collections.abc import Callable

import pytest

from tests.conftest import ROOT

BALANCED = {
    5: ["Recent Customers", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"],
    4: ["Promising", "Potential Loyalists", "Potential Loyalists", "Loyal Customers", "Champions"],
    3: ["About To Sleep", "About To Sleep", "Need Attention", "Loyal Customers", "Loyal Customers"],
    2: ["Hibernating", "Hibernating", "At Risk", "At Risk", "Can't Lose Them"],
    1: ["Lost", "Lost", "At Risk", "Can't Lose Them", "Can't Lose Them"],
}  # fmt: skip


def rows(path: str) -> list[dict[str, str]]:
    with (ROOT / "seeds" / path).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def balanced(r: int, f: int, m: int) -> str:
    return BALANCED[r][(f + m + 1) // 2 - 1]


def published(r: int, f: int, m: int) -> str:
    """The published system's rules as its code has them; the first that holds wins."""
    rules = [
        ("Champions", r == 5 and f == 5 and m == 5),
        ("Loyal Customers", r >= 4 and f >= 4 and m >= 3),
        ("Potential Loyalists", r >= 3 and f <= 3 and m <= 3),
        ("Recent Customers", r >= 4 and f == 1),
        ("Promising", r >= 3 and f == 1),
        ("Need Attention", r == 3 and f in (2, 3)),
        ("About To Sleep", r in (2, 3) and f in (2, 3)),
        ("Can't Lose Them", r <= 2 and f >= 4 and m >= 4),
        ("At Risk", r <= 2 and f >= 2 and m >= 2),
        ("Hibernating", r <= 2 and f <= 2 and m <= 2),
        ("Lost", True),
    ]
    return next(segment for segment, holds in rules if holds)


@pytest.mark.parametrize("rule", [balanced, published])
def test_each_of_the_125_cells_has_the_segment_of_its_table(
    rule: Callable[[int, int, int], str],
) -> None:
    rules = sorted(
        (row for row in rows("segmentation/segment_rules.csv") if row["rule_set"] == rule.__name__),
        key=lambda row: int(row["priority"]),
    )
    for r, f, m in itertools.product(range(1, 6), repeat=3):
        values = {"r": r, "f": f, "m": m, "fm": (f + m + 1) // 2}
        found = next(
            row["segment"]
            for row in rules
            if all(
                int(row[f"{key}_min"]) <= value <= int(row[f"{key}_max"])
                for key, value in values.items()
            )
        )
        assert found == rule(r, f, m), (r, f, m)


def test_there_are_eleven_segments_with_a_next_action() -> None:
    segments = rows("segmentation/segments.csv")
    assert len(segments) == 11
    assert all(row["meaning"] and row["next_action"] for row in segments)
    assert {row["segment"] for row in segments} == {
        row["segment"] for row in rows("segmentation/segment_rules.csv")
    }


def test_customer_360_has_a_cluster_column_for_each_recipe() -> None:
    sql = (ROOT / "models/marts/customers/customer_360.sql").read_text(encoding="utf-8")
    columns = re.findall(r'"(\w+)"', sql.split("set recipes = [")[1].split("]")[0])
    assert columns == [row["recipe"] for row in rows("segmentation/segmentation_recipes.csv")]


def test_health_components_are_measured_and_can_be_scored() -> None:
    components = rows("insights/health_components.csv")
    sql = (ROOT / "models/intermediate/insights/int_portfolio_measures.sql").read_text(
        encoding="utf-8"
    )
    measured = re.findall(r"'(\w+)' as component|\"component\": \"(\w+)\"", sql)
    assert {row["component"] for row in components} == {
        name for pair in measured for name in pair if name
    }
    assert all(float(row["weight"]) > 0 for row in components)
    assert all(row["value_at_0"] != row["value_at_100"] for row in components)
    orders = [int(row["display_order"]) for row in components]
    assert orders == list(range(1, len(components) + 1))


def test_each_segment_has_a_standing() -> None:
    standings = [row["segment"] for row in rows("segmentation/segment_standings.csv")]
    assert standings == [row["segment"] for row in rows("segmentation/segments.csv")]


def test_category_keywords_are_upper_case_and_unambiguous() -> None:
    rules = rows("products/product_category_rules.csv")
    keys = [(row["taxonomy"], row["priority"], row["keyword"], row["match"]) for row in rules]
    assert len(keys) == len(set(keys))
    assert all(row["keyword"] == row["keyword"].upper() for row in rules)
    assert {row["match"] for row in rules} == {"word", "substring"}
    categories = {(row["taxonomy"], row["priority"]): row["category"] for row in rules}
    assert all(categories[row["taxonomy"], row["priority"]] == row["category"] for row in rules)


PERSONAS = {
    "default": {
        "Night Owl": [20, 21, 22, 23, 0, 1, 2, 3, 4, 5], "Early Bird": [6, 7, 8], "Morning Planner": [9, 10, 11],
        "Business Hours Buyer": [12, 13, 14, 15, 16, 17], "Evening Shopper": [18, 19],
    },
    "published": {
        "Weekday Professional": [9, 10, 11, 12, 13, 14, 15, 16, 17],
        "Night Owl": [20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6], "Morning Bird": [7, 8, 18, 19],
    },
}  # fmt: skip


@pytest.mark.parametrize("rule_set", PERSONAS)
def test_each_hour_has_the_persona_of_its_table_and_weekends_come_first(rule_set: str) -> None:
    weekend, *rules = sorted(
        (row for row in rows("timing/persona_rules.csv") if row["rule_set"] == rule_set),
        key=lambda row: int(row["priority"]),
    )
    assert (weekend["timing_persona"], weekend["weekend_ratio_above"]) == ("Weekend Browser", "0.5")
    assert not any(row["weekend_ratio_above"] for row in rules)

    def hours(row: dict[str, str]) -> list[int]:
        if not row["first_hour"]:
            return list(range(24))
        first, last = int(row["first_hour"]), int(row["last_hour"])
        return [(first + step) % 24 for step in range((last - first) % 24 + 1)]

    found = {hour: row["timing_persona"] for row in reversed(rules) for hour in hours(row)}
    expected = PERSONAS[rule_set].items()
    assert found == {hour: persona for persona, own in expected for hour in own}


def test_weekdays_begin_with_monday() -> None:
    found = {row["weekday"]: row["weekday_name"] for row in rows("timing/weekdays.csv")}
    assert found == {str(number): name for number, name in enumerate(calendar.day_name)}
