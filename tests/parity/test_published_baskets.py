"""Under the parity preset orders hold the published pairs, itemsets and rules."""

from __future__ import annotations

import pandas as pd
import pytest

from regulars.baskets.rules import RuleSettings, find_itemsets
from tests.conftest import Build

pytestmark = pytest.mark.realdata

# orders with both
PAIRS = {
    ("HOME DECOR & OTHER", "METAL SIGN"): 20047,
    ("HEART/LOVE", "HOME DECOR & OTHER"): 19240,
    ("HOME DECOR & OTHER", "STORAGE"): 18144,
    ("HOME DECOR & OTHER", "VINTAGE"): 16891,
    ("CANDLE & HOLDER", "HOME DECOR & OTHER"): 16157,
    ("BAG", "HOME DECOR & OTHER"): 15762,
    ("BAKING", "HOME DECOR & OTHER"): 15382,
    ("HEART/LOVE", "METAL SIGN"): 14694,
    ("METAL SIGN", "STORAGE"): 14075,
    ("HEART/LOVE", "STORAGE"): 13400,
    ("METAL SIGN", "VINTAGE"): 13128,
    ("CANDLE & HOLDER", "HEART/LOVE"): 12724,
    ("CANDLE & HOLDER", "METAL SIGN"): 12341,
    ("HEART/LOVE", "VINTAGE"): 12191,
    ("BAG", "METAL SIGN"): 12143,
}


def test_orders_and_those_of_several_categories(parity: Build) -> None:
    assert parity.query(
        "select order_count, several_order_count from basket_counts "
        "where level = 'category' and segment = 'All customers'"
    ) == [(36_969, 32_513)]


def test_pairs_of_categories(parity: Build) -> None:
    found = parity.query(
        "select category_a, category_b, orders_with_both from category_pairs "
        "where segment = 'All customers' order by orders_with_both desc limit 15"
    )
    assert {(a, b): count for a, b, count in found} == PAIRS


def test_itemsets_and_rules_of_categories(parity: Build) -> None:
    rows = parity.query_warehouse(
        "select order_id, item from main_intermediate.int_rule_baskets where level = 'category'"
    )
    settings = RuleSettings(min_support=0.02, min_confidence=0.1, max_items=3)
    itemsets = find_itemsets(pd.DataFrame(rows, columns=["order_id", "item"]), settings=settings)
    assert len(itemsets) == 585
    assert parity.query("select count(*) from basket_rules where level = 'category'") == [(2670,)]


def test_the_rule_that_was_published_first(parity: Build) -> None:
    found = parity.query(
        "select support, confidence, lift, rule_rank from basket_rules "
        "where antecedents = 'BAG + STATIONERY' and consequents = 'POUCH & PURSE'"
    )
    assert [tuple(round(value, 4) for value in row) for row in found] == [
        (
            pytest.approx(0.0253, abs=5e-5),
            pytest.approx(0.167, abs=5e-4),
            pytest.approx(2.709, abs=5e-4),
            1,
        )
    ]


def test_the_most_frequent_pair_is_hardly_more_than_chance(parity: Build) -> None:
    (lift,) = parity.query(
        "select lift from category_pairs where segment = 'All customers' "
        "and category_a = 'HOME DECOR & OTHER' and category_b = 'METAL SIGN'"
    )[0]
    assert round(lift, 2) == 1.10
