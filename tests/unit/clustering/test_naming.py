"""Names come from profiles: who is in a cluster decides what it is called, never its number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from regulars.clustering import NamingRule, name_clusters
from regulars.clustering.naming import CRITERIA, LONE_CLUSTER_NAME
from tests.unit.clustering.shop import seed_table, seeded_recipes, seeded_rules

# recency_days, frequency, monetary
CHAMPIONS, LOYAL, OCCASIONAL, DORMANT = (
    [12, 18, 8_000], [60, 6, 1_900], [45, 1, 300], [430, 2, 350],
)  # fmt: skip
ENGAGEMENT = seeded_rules()["engagement"]


def rules(*pairs: tuple[str, str]) -> list[NamingRule]:
    return [NamingRule(name, criterion) for name, criterion in pairs]


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
def test_permuted_ids_give_the_same_names_for_the_same_members(order):
    profiles = np.array([CHAMPIONS, LOYAL, OCCASIONAL, DORMANT], dtype=float)
    expected = ["Champions & VIPs", "Loyal & Engaged", "Occasional Buyers", "At-Risk & Dormant"]
    assert name_clusters(profiles[list(order)], ENGAGEMENT) == [expected[i] for i in order]


def test_the_seeds_name_each_set_of_profiles_the_same_under_any_ids():
    rng = np.random.default_rng(4)
    for names in seeded_rules().values():
        count = len(names)
        for _ in range(20):
            # small numbers, so that equal values and equal ranks are common
            profiles = rng.integers(1, 6, (count, 3)).astype(float)
            if len(np.unique(profiles, axis=0)) < count:
                continue
            order = rng.permutation(count)
            named = name_clusters(profiles, names)
            assert len(set(named)) == count
            assert name_clusters(profiles[order], names) == [named[i] for i in order]


def test_value_is_the_sum_of_the_ranks_by_orders_and_by_money():
    # ranks 3 + 1, 2 + 3, 1 + 2: the first by money is not the first by orders
    profiles = np.array([[10, 9, 100], [10, 8, 5_000], [10, 1, 900]], dtype=float)
    tiers = rules(("first", "highest_value"), ("second", "highest_value"), ("third", "highest_value"))  # fmt: skip
    assert name_clusters(profiles, tiers) == ["second", "first", "third"]


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ("highest_value", 0),
        ("lowest_value", 2),
        ("longest_recency", 3),
        ("shortest_recency", 0),
    ],
)
def test_each_criterion_picks_its_extreme(criterion, expected):
    profiles = np.array([CHAMPIONS, LOYAL, OCCASIONAL, DORMANT], dtype=float)
    others = [(f"other {i}", "highest_value") for i in range(3)]
    assert name_clusters(profiles, rules(("it", criterion), *others)).index("it") == expected
    assert criterion in CRITERIA


def test_a_rule_looks_only_at_clusters_without_a_name():
    # the most recent are the champions, who have their name already
    profiles = np.array([CHAMPIONS, LOYAL, OCCASIONAL], dtype=float)
    named = name_clusters(
        profiles,
        rules(("best", "highest_value"), ("fresh", "shortest_recency"), ("rest", "lowest_value")),
    )
    assert named == ["best", "rest", "fresh"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([200, 2, 900], [10, 3, 400]),  # ranks 1 + 2 and 2 + 1: the more money
        ([10, 5, 900], [200, 5, 900]),  # the shorter recency
    ],
)
def test_equal_value_is_settled_by_money_then_by_recency(first, second):
    tiers = rules(("upper", "highest_value"), ("lower", "highest_value"))
    assert name_clusters(np.array([first, second], dtype=float), tiers) == ["upper", "lower"]
    assert name_clusters(np.array([second, first], dtype=float), tiers) == ["lower", "upper"]


def test_equal_recency_is_settled_by_money():
    profiles = np.array([[300, 2, 250], [300, 2, 900], [5, 9, 5_000]], dtype=float)
    named = name_clusters(
        profiles,
        rules(("dormant", "longest_recency"), ("best", "highest_value"), ("rest", "highest_value")),
    )
    assert named == ["rest", "dormant", "best"]


def test_a_cluster_without_members_is_named_after_all_others():
    # neither the freshest nor, beside customers who sent back more than they kept, the better one
    profiles = np.array([[np.nan] * 3, [90, 1, -40], CHAMPIONS], dtype=float)
    for criterion in CRITERIA:
        names = rules(("a", criterion), ("b", criterion), ("c", criterion))
        assert name_clusters(profiles, names)[0] == "c", criterion


def test_a_cluster_that_is_alone_is_all_customers():
    assert name_clusters(np.array([DORMANT], dtype=float), ENGAGEMENT) == [LONE_CLUSTER_NAME]
    assert LONE_CLUSTER_NAME == "All Customers"


def test_fewer_clusters_than_rules_use_the_first_rules():
    profiles = np.array([DORMANT, CHAMPIONS], dtype=float)
    assert name_clusters(profiles, ENGAGEMENT) == ["At-Risk & Dormant", "Champions & VIPs"]


def test_fewer_rules_than_clusters_is_an_error_with_both_numbers():
    profiles = np.array([CHAMPIONS, LOYAL, OCCASIONAL], dtype=float)
    with pytest.raises(ValueError, match=r"^2 naming rules for 3 clusters"):
        name_clusters(profiles, ENGAGEMENT[:2])


class TestSeeds:
    table = seed_table("cluster_naming_rules")

    def test_every_recipe_has_a_name_for_each_of_its_clusters(self):
        sets = seeded_rules()
        recipes = seeded_recipes()
        assert len(recipes) == 8
        for recipe in recipes.values():
            assert len(sets[recipe.naming_rules]) >= (recipe.cluster_count or 10), recipe.name
        assert recipes["auto"].cluster_count is None

    def test_every_set_is_used(self):
        used = {recipe.naming_rules for recipe in seeded_recipes().values()}
        assert set(self.table["naming_rules"]) == used | {"lone"}

    def test_every_name_has_an_interpretation_and_recommended_actions(self):
        texts = self.table[["cluster_name", "interpretation", "recommended_actions"]]
        lengths = texts.fillna("").map(lambda text: len(text.strip()))
        assert (lengths >= [3, 20, 20]).all(axis=None)

    def test_names_are_unique_within_a_set_and_steps_count_from_one(self):
        for name, own in self.table.groupby("naming_rules"):
            assert own["cluster_name"].is_unique, name
            assert own["step"].tolist() == list(range(1, len(own) + 1)), name

    def test_the_name_of_a_lone_cluster_is_explained_too(self):
        lone = self.table[self.table["naming_rules"] == "lone"]
        assert lone["cluster_name"].tolist() == [LONE_CLUSTER_NAME]
        # its row is found beside those of the recipe's own set
        others = self.table[self.table["naming_rules"] != "lone"]
        assert LONE_CLUSTER_NAME not in set(others["cluster_name"])

    def test_the_names_of_the_published_systems_are_there(self):
        assert [rule.name for rule in seeded_rules()["value_tiers"]] == [
            "VIP", "Middle Class", "Inactive",
        ]  # fmt: skip
        assert {rule.name for rule in ENGAGEMENT} == {
            "Champions & VIPs", "Loyal & Engaged", "Occasional Buyers", "At-Risk & Dormant",
        }  # fmt: skip
