"""Association rules: counted by hand, at the bounds of support, and against chance."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, false_discovery_control

from regulars.baskets.rules import RULE_COLUMNS, SEPARATOR, RuleSettings, find_rules
from regulars.errors import InvalidSettingError

KEYS = ["antecedents", "consequents"]


def frame(*orders: str) -> pd.DataFrame:
    """Orders of one-letter items."""
    rows = [(f"o{number:04}", item) for number, items in enumerate(orders) for item in items]
    return pd.DataFrame(rows, columns=["order_id", "item"], dtype=object)


def rules(
    baskets: pd.DataFrame, *, support: float = 0.01, confidence: float = 0.0, items: int = 3
) -> pd.DataFrame:
    wanted = RuleSettings(min_support=support, min_confidence=confidence, max_items=items)
    return find_rules(baskets, level="category", settings=wanted)


def counted(orders: list[frozenset[str]], *, least: int, items: int) -> pd.DataFrame:
    """Every rule of enough support, order by order."""

    def of(side: tuple[str, ...]) -> int:
        return sum(order.issuperset(side) for order in orders)

    n = len(orders)
    rows, tested = [], 0
    names = sorted(set(chain.from_iterable(orders)))
    sides = [side for size in range(1, items) for side in combinations(names, size)]
    sides = [side for side in sides if of(side) >= least]
    for left in sides:
        for right in sides:
            if set(left) & set(right) or len(left) + len(right) > items:
                continue
            tested += 1
            both, a, c = of(left + right), of(left), of(right)
            if both < least:
                continue
            rows.append(
                {
                    "antecedents": SEPARATOR.join(left),
                    "consequents": SEPARATOR.join(right),
                    "item_count": len(left) + len(right),
                    "order_count": n,
                    "support": both / n,
                    "antecedent_support": a / n,
                    "consequent_support": c / n,
                    "confidence": both / a,
                    "lift": both * n / (a * c),
                    "leverage": both / n - a * c / n**2,
                    "conviction": (1 - c / n) / (1 - both / a) if both < a else np.nan,
                    "p_value": binom.sf(both - 1, min(a, c), max(a, c) / n),
                }
            )
    made = pd.DataFrame(rows, columns=[name for name in RULE_COLUMNS if name not in ("level", "q_value")])  # fmt: skip
    padded = np.concatenate([made["p_value"].to_numpy(dtype=float), np.ones(tested - len(made))])
    made["q_value"] = false_discovery_control(padded)[: len(made)] if tested else []
    return made.sort_values(KEYS, ignore_index=True)


class TestNumbers:
    @given(
        orders=st.lists(st.frozensets(st.sampled_from("ABCDE"), min_size=1), min_size=1, max_size=25),
        share=st.sampled_from([0.04, 0.1, 0.3, 0.6]),
        items=st.sampled_from([2, 3]),
    )  # fmt: skip
    @settings(max_examples=40, deadline=None)
    def test_are_those_of_a_count_order_by_order(self, orders, share, items):
        found = rules(frame(*map("".join, orders)), support=share, items=items)
        least = sum(count / len(orders) < share for count in range(len(orders) + 1))
        expected = counted(orders, least=least, items=items).assign(level="category")
        expected = expected[list(RULE_COLUMNS)].astype(RULE_COLUMNS)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)

    def test_of_a_rule_read_as_they_are_written(self):
        found = rules(frame(*["AB"] * 3, "A", *["B"] * 2, *["C"] * 4)).set_index(KEYS)
        rule = found.loc["A", "B"]
        assert rule[["support", "antecedent_support", "consequent_support"]].tolist() == [
            pytest.approx(share) for share in (0.3, 0.4, 0.5)
        ]
        assert rule["confidence"] == pytest.approx(0.75)
        assert rule["lift"] == pytest.approx(1.5)
        assert rule["leverage"] == pytest.approx(0.1)
        assert rule["conviction"] == pytest.approx(2)
        assert found.loc[("B", "A"), "confidence"] == pytest.approx(0.6)
        assert rule["level"] == "category"
        assert rule["order_count"] == 10

    def test_orders_of_one_item_count_as_orders(self):
        alone = rules(frame(*["AB"] * 4, *["C"] * 12)).set_index(KEYS)
        assert alone.loc[("A", "B"), "order_count"] == 16
        assert alone.loc[("A", "B"), "lift"] == pytest.approx(4)

    def test_a_rule_without_exception_has_no_conviction(self):
        found = rules(frame("AB", "AB", "B")).set_index(KEYS)
        assert found.loc[("A", "B"), "confidence"] == 1
        assert np.isnan(found.loc[("A", "B"), "conviction"])
        assert found.loc[("B", "A"), "conviction"] == pytest.approx(1)

    def test_an_item_twice_in_an_order_counts_once(self):
        baskets = frame("ABC", "AB", "C", "BC")
        doubled = pd.concat([baskets, baskets.iloc[[0, 0, 3]]])
        pd.testing.assert_frame_equal(rules(doubled), rules(baskets))

    def test_the_order_of_rows_does_not_matter(self):
        orders = ["".join(np.random.default_rng(n).choice(list("ABCDEF"), 3)) for n in range(60)]
        baskets = frame(*orders)
        pd.testing.assert_frame_equal(
            rules(baskets.sample(frac=1, random_state=1)), rules(baskets), check_exact=True
        )


class TestWhichRules:
    # 0.07 * 100, 0.14 * 50 and 0.29 * 100 are a little above whole numbers, or below
    @pytest.mark.parametrize(
        ("support", "orders", "least"), [(0.07, 100, 7), (0.14, 50, 7), (0.29, 100, 29), (0.5, 7, 4)]
    )  # fmt: skip
    def test_support_is_enough_from_the_least_on(self, support, orders, least):
        just = frame(*["AB"] * least, *["C"] * (orders - least))
        assert len(rules(just, support=support)) == 2
        short = frame(*["AB"] * (least - 1), *["C"] * (orders - least + 1))
        assert rules(short, support=support).empty

    def test_any_rule_has_the_support_of_next_to_nothing(self):
        assert len(rules(frame("AB", "C"), support=1e-9)) == 2

    def test_confidence_is_enough_from_the_least_on_and_does_not_change_what_is_significant(self):
        baskets = frame(*["AB"] * 3, "A", *["B"] * 3, *["C"] * 5)
        everything = rules(baskets)
        kept = rules(baskets, confidence=0.75)
        assert kept["antecedents"].tolist() == ["A"]
        expected = everything[everything["confidence"] >= 0.75].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept, expected)

    def test_three_items_are_the_most(self):
        found = rules(frame(*["DCBA"] * 5, "E"))
        assert found["item_count"].max() == 3
        assert "A + B" in set(found["antecedents"])
        assert len(found) == 4 * 3 + 4 * 6
        assert rules(frame(*["DCBA"] * 5, "E"), items=2)["item_count"].max() == 2

    @pytest.mark.parametrize(
        "baskets",
        [
            pytest.param(frame(), id="no orders"),
            pytest.param(frame(*["A"] * 9), id="a single product"),
            pytest.param(frame("A", "B", "C"), id="nothing together"),
            pytest.param(frame(*(chr(65 + n) for n in range(200))), id="nothing often enough"),
        ],
    )
    def test_nothing_together_is_no_rule_of_the_same_types(self, baskets):
        found = rules(baskets)
        assert found.empty
        assert found.dtypes.astype(str).to_dict() == RULE_COLUMNS

    @pytest.mark.parametrize("support", [0.006, 0.016])
    def test_chance_makes_no_discoveries_however_the_support_selects(self, support):
        # 0.016 is half as much again as chance gives: only what chance put together is left
        significant = 0
        for seed in range(6):
            orders, items = np.nonzero(np.random.default_rng(seed).random((2_000, 40)) < 0.1)
            baskets = pd.DataFrame(
                {"order_id": orders.astype(str), "item": [f"{item:02}" for item in items]}
            )
            found = rules(baskets, support=support)
            assert len(found)
            significant += (found["q_value"] < 0.05).any()
        assert significant <= 1


class TestSettings:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"min_support": None}, "Basket rules: min_support has no value."),
            ({"max_items": None}, "Basket rules: max_items has no value."),
            ({"min_support": 0}, "min_support is 0; it must be above 0 and at most 1."),
            ({"min_support": 1.5}, "min_support is 1.5; it must be above 0 and at most 1."),
            ({"min_support": float("nan")}, "min_support is nan"),
            ({"min_confidence": -0.1}, "min_confidence is -0.1; it must be from 0 to 1."),
            ({"min_confidence": 10}, "min_confidence is 10; it must be from 0 to 1."),
            ({"max_items": 1}, "max_items is 1; it must be 2 or 3."),
            ({"max_items": 4}, "max_items is 4; it must be 2 or 3."),
        ],
    )
    def test_without_a_meaning_are_refused(self, changes, message):
        values = {"min_support": 0.01, "min_confidence": 0.1, "max_items": 3} | changes
        with pytest.raises(InvalidSettingError, match=message):
            RuleSettings(**values)
