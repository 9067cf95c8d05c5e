"""Chance of common orders, and false discoveries: reference implementations and known truths."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest, false_discovery_control, hypergeom
from statsmodels.stats.multitest import multipletests

from regulars.baskets.significance import (
    association_p_values,
    false_discovery_rates,
    judge_pairs,
)


def margins(count: int, *, seed: int) -> tuple[np.ndarray, ...]:
    """Orders with a, with b and in all."""
    rng = np.random.default_rng(seed)
    orders = rng.integers(50, 5_000, count)
    of_a, of_b = (np.maximum(1, (orders * rng.uniform(0, 0.6, count)).astype(int)) for _ in "ab")
    return of_a, of_b, orders


class TestPValues:
    def test_are_the_binomial_tail_over_the_orders_with_the_rarer(self):
        of_a, of_b, orders = margins(200, seed=1)
        both = np.random.default_rng(2).integers(0, np.minimum(of_a, of_b) + 1)
        found = association_p_values(both, of_a, of_b, orders)
        for i in range(200):
            rarer, other = sorted((of_a[i], of_b[i]))
            reference = binomtest(both[i], rarer, other / orders[i], alternative="greater")
            assert found[i] == pytest.approx(reference.pvalue, rel=1e-9)

    def test_err_towards_chance_against_fishers_exact_test(self):
        of_a, of_b, orders = margins(500, seed=3)
        # from the mean on by one, where the binomial tail is the fatter
        above = np.ceil(of_a * of_b / orders).astype(int) + 1
        both = np.minimum(above + np.random.default_rng(4).integers(0, 30, 500), of_a)
        both = np.minimum(both, of_b)
        is_positive = both >= above
        exact = hypergeom.sf(both - 1, orders, of_a, of_b)
        found = association_p_values(both, of_a, of_b, orders)
        assert is_positive.sum() > 400
        assert (found >= exact * (1 - 1e-9))[is_positive].all()

    def test_approach_fishers_for_rare_things(self):
        found = association_p_values(np.array([9]), np.array([20]), np.array([1_000]), 1_000_000)
        assert found == pytest.approx(hypergeom.sf(8, 1_000_000, 20, 1_000), rel=0.01)

    def test_are_the_same_either_way_round(self):
        of_a, of_b, orders = margins(100, seed=5)
        both = np.minimum(of_a, of_b) // 2
        np.testing.assert_array_equal(
            association_p_values(both, of_a, of_b, orders),
            association_p_values(both, of_b, of_a, orders),
        )

    def test_fall_with_every_order_more_from_one_for_none(self):
        both = np.arange(41)
        found = association_p_values(both, np.full(41, 40), np.full(41, 100), 1_000)
        assert found[0] == 1
        assert (np.diff(found) < 0).all()

    def test_of_huge_counts_are_numbers(self):
        both = np.array([0, 10**8, 10**8 + 10**5, 10**9])
        found = association_p_values(both, np.full(4, 10**9), np.full(4, 10**9), 10**10)
        assert found[0] == 1
        assert found[1] == pytest.approx(0.5, abs=1e-3)
        assert found[2:].tolist() == pytest.approx(
            binom.sf(both[2:] - 1, 10**9, 0.1).tolist(), abs=0
        )
        assert found[3] == 0

    def test_show_nothing_where_nothing_can_be_shown(self):
        # an item of every order, an item of none, and the only order
        both, of_a, of_b = np.array([7, 0, 1]), np.array([7, 0, 1]), np.array([10, 10, 1])
        assert association_p_values(both, of_a, of_b, np.array([10, 10, 1])).tolist() == [1, 1, 1]

    def test_of_none_are_none(self):
        none = np.zeros(0, dtype=int)
        assert association_p_values(none, none, none, none).shape == (0,)


class TestQValues:
    @pytest.mark.parametrize(
        "p_values",
        [
            pytest.param(np.random.default_rng(1).uniform(size=300) ** 3, id="many"),
            pytest.param(np.random.default_rng(2).integers(1, 9, 60) / 50, id="ties"),
            pytest.param(np.array([0.03]), id="one"),
            pytest.param(np.array([0.0, 0.0, 1.0]), id="bounds"),
            pytest.param(np.ones(5), id="chance"),
        ],
    )
    def test_are_those_of_scipy_and_statsmodels(self, p_values):
        found = false_discovery_rates(p_values, len(p_values))
        np.testing.assert_allclose(found, false_discovery_control(p_values), rtol=1e-12)
        _, reference, _, _ = multipletests(p_values, method="fdr_bh")
        np.testing.assert_allclose(found, reference, rtol=1e-12)

    @pytest.mark.parametrize("absent", [1, 40, 10_000])
    def test_count_tests_that_are_not_here_as_ones(self, absent):
        p_values = np.random.default_rng(3).uniform(0, 0.01, 50)
        padded = false_discovery_control(np.concatenate([p_values, np.ones(absent)]))
        found = false_discovery_rates(p_values, 50 + absent)
        np.testing.assert_allclose(found, padded[:50], rtol=1e-12)

    def test_of_equal_p_values_are_equal(self):
        found = false_discovery_rates(np.array([0.2, 0.01, 0.2, 0.01, 0.9]), 5)
        assert found[1] == found[3]
        assert found[0] == found[2]

    def test_of_none_are_none(self):
        assert false_discovery_rates(np.zeros(0), 0).shape == (0,)
        assert false_discovery_rates(np.zeros(0), 100).shape == (0,)


def pairs(orders: np.ndarray, *, segment: str = "All customers") -> pd.DataFrame:
    """Counts of all pairs that an orders-by-items table has at least once together."""
    counts = orders.T.astype(int) @ orders.astype(int)
    one, other = np.nonzero(np.triu(counts, k=1))
    return pd.DataFrame(
        {
            "level": "product",
            "segment": segment,
            "item_a": [f"{item:03}" for item in one],
            "item_b": [f"{item:03}" for item in other],
            "orders_with_both": counts[one, other],
            "orders_with_a": counts[one, one],
            "orders_with_b": counts[other, other],
            "order_count": len(orders),
            "tested_pairs": len(counts) * (len(counts) - 1) // 2,
        }
    )


def independent(*, seed: int, count: int = 1_500) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.random((count, 50)) < rng.uniform(0.01, 0.2, 50)


class TestPairs:
    def test_put_together_by_chance_are_seldom_called_significant(self):
        # under chance alone any discovery is false: at most one run in twenty may have one
        runs = [judge_pairs(pairs(independent(seed=seed))) for seed in range(40)]
        assert sum((judged["q_value"] < 0.05).any() for judged in runs) <= 4

    def test_of_true_company_are_found_among_chance(self):
        orders = independent(seed=1)
        orders[:, 1] = np.where(np.random.default_rng(2).random(1_500) < 0.3, orders[:, 0], False)
        orders[:, 3] = orders[:, 2]
        judged = judge_pairs(pairs(orders)).set_index(["item_a", "item_b"])["q_value"]
        assert judged["000", "001"] < 1e-3
        assert judged["002", "003"] < 1e-3
        assert (judged < 0.05).sum() <= 4

    def test_are_judged_family_by_family(self):
        families = [
            pairs(independent(seed=1, count=300), segment="Champions"),
            pairs(independent(seed=2, count=200)[:, :20], segment="At Risk"),
            pairs(independent(seed=1, count=300), segment="Champions").assign(level="category"),
        ]
        together = pd.concat(families).sample(frac=1, random_state=1)
        alone = pd.concat([judge_pairs(family) for family in families])
        keys = ["level", "segment", "item_a", "item_b"]
        expected = alone.sort_values(keys, ignore_index=True)
        pd.testing.assert_frame_equal(judge_pairs(together), expected)
        champions = expected[expected["segment"] == "Champions"]
        of_levels = [rows["q_value"].tolist() for _, rows in champions.groupby("level")]
        assert of_levels[0] == of_levels[1]

    def test_are_what_their_counts_say(self):
        counts = pairs(independent(seed=3, count=400))
        judged = judge_pairs(counts.sample(frac=1, random_state=1))
        assert list(judged) == ["level", "segment", "item_a", "item_b", "p_value", "q_value"]
        expected = binom.sf(
            counts["orders_with_both"] - 1,
            counts[["orders_with_a", "orders_with_b"]].min(axis=1),
            counts[["orders_with_a", "orders_with_b"]].max(axis=1) / 400,
        )
        np.testing.assert_allclose(judged["p_value"], expected, rtol=1e-12)
        unseen = int(counts["tested_pairs"].iloc[0]) - len(counts)
        padded = false_discovery_control(np.concatenate([expected, np.ones(unseen)]))
        np.testing.assert_allclose(judged["q_value"], padded[: len(counts)], rtol=1e-12)

    def test_without_pairs_there_is_nothing_to_judge(self):
        judged = judge_pairs(pairs(independent(seed=1)).iloc[:0])
        assert judged.empty
        assert judged["p_value"].dtype == judged["q_value"].dtype == float
