"""A fit is kept while it describes the customers, and replaced on a declared sign that it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from regulars.clustering import (
    ALGORITHMS,
    Recipe,
    RecipeFeature,
    Segmentation,
    assign,
    refresh,
    stability_index,
)
from regulars.clustering.naming import LONE_CLUSTER_NAME
from regulars.clustering.refresh import Refreshed, matched
from regulars.errors import InvalidSettingError
from tests.unit.clustering.shop import (
    AS_OF,
    EVALUATION,
    REFRESH,
    RFM,
    customers,
    names_of,
    rfm_recipe,
    seeded_rules,
)

RULES = seeded_rules()
LATER = date(2012, 1, 10)
# the dormant come back, the champions double
SHIFTED = (0.5, 0.2, 0.25, 0.05)


def run(
    earlier: Segmentation | None,
    shop: pd.DataFrame,
    recipe: Recipe,
    *,
    settings=REFRESH,
    as_of=LATER,
) -> Refreshed:
    rules = RULES[recipe.naming_rules]
    return refresh(earlier, shop, recipe, rules=rules, as_of_date=as_of, settings=settings)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return customers(900)


@pytest.fixture(scope="module")
def first(shop) -> Segmentation:
    return run(None, shop, rfm_recipe(), as_of=AS_OF).segmentation


def a_month_later(shop: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Let the frequent buy again, everyone else get older, and one in fifty customers join."""
    later = shop.copy()
    bought = rng.random(len(later)) < later["frequency"] / (later["frequency"] + 12)
    later["recency_days"] = np.where(
        bought, rng.integers(1, 31, len(later)), later["recency_days"] + 30
    )
    later["frequency"] += bought
    later["monetary"] += bought * rng.lognormal(5.5, 0.6, len(later))
    later["tenure_days"] += 30
    newcomers = customers(len(shop) // 50, seed=int(rng.integers(1e6)), shares=(0, 0, 1, 0))
    newcomers.index = [f"n{rng.integers(1e12)}" for _ in newcomers.index]
    return pd.concat([later, newcomers])


def test_a_trigger_without_a_value_is_refused():
    with pytest.raises(InvalidSettingError, match="drift_index has no value"):
        replace(REFRESH, drift_index=None)


class TestFirstFit:
    def test_without_an_earlier_fit_there_is_nothing_to_compare(self, shop):
        found = run(None, shop, rfm_recipe())
        assert found.decision == "first fit"
        assert found.reason == "there was no fit of this shop before"
        assert found.stability_index is None
        assert found.segmentation.fitted_as_of == LATER


class TestKept:
    def test_the_very_fit_is_kept_when_shares_hardly_move(self, first):
        found = run(first, customers(900, seed=2), rfm_recipe())
        assert found.decision == "kept"
        assert found.segmentation is first
        assert 0 < found.stability_index < 0.1
        assert found.reason == (
            f"the cluster shares drifted by {found.stability_index:.3f}, at most 0.25"
        )

    def test_customers_as_they_were_have_not_drifted(self, first, shop):
        found = run(first, shop.sample(frac=1, random_state=1), rfm_recipe())
        assert found.stability_index == pytest.approx(0, abs=1e-12)
        assert found.segmentation is first

    def test_drift_just_at_the_limit_is_kept_and_just_above_is_not(self, first):
        drifted = customers(900, seed=2)
        index = run(first, drifted, rfm_recipe()).stability_index
        at, above = replace(REFRESH, drift_index=index), replace(REFRESH, drift_index=index * 0.999)
        assert run(first, drifted, rfm_recipe(), settings=at).decision == "kept"
        assert run(first, drifted, rfm_recipe(), settings=above).decision == "refitted"

    def test_month_by_month_equal_profiles_keep_their_label_while_the_fit_is_kept(
        self, first, shop
    ):
        rng = np.random.default_rng(11)
        fit, month, decisions = first, shop, []
        labels = names_of(shop, fit)
        probe = shop.sample(60, random_state=5)[list(RFM)]
        for number in range(6):
            month = a_month_later(month, rng)
            found = run(fit, month, rfm_recipe(), as_of=date(2012, number + 1, 10))
            decisions.append(found.decision)
            if found.decision == "kept":
                assert names_of(probe, found.segmentation).tolist() == names_of(probe, fit).tolist()
            fit = found.segmentation
        assert decisions[:3] == ["kept"] * 3
        # meanwhile customers themselves move on
        moved = names_of(month.loc[shop.index], first) != labels
        assert 0.05 < moved.mean() < 0.6


class TestRefitted:
    def test_drifted_shares_give_a_new_fit_that_says_so(self, first):
        found = run(first, customers(900, seed=2, shares=SHIFTED), rfm_recipe())
        assert found.decision == "refitted"
        assert found.stability_index > 0.25
        assert found.reason == (
            f"the cluster shares drifted by {found.stability_index:.3f}, more than 0.25"
        )
        assert found.segmentation.fitted_as_of == LATER
        assert found.segmentation is not first

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_ids_stay_with_the_nearest_earlier_clusters(self, shop, algorithm):
        earlier = run(None, shop, rfm_recipe(algorithm), as_of=AS_OF).segmentation
        shuffled = permuted(earlier, [2, 0, 3, 1])
        drifted = customers(900, seed=2, shares=SHIFTED)
        found = run(shuffled, drifted, rfm_recipe(algorithm))
        assert found.decision == "refitted"
        later = found.segmentation
        before = pd.DataFrame(
            shuffled.scaler.natural(shuffled.clusters.centroids), columns=list(RFM)
        )
        distances = np.linalg.norm(
            later.scaler.scaled(before)[:, None] - later.clusters.centroids[None], axis=2
        )
        assert linear_sum_assignment(distances)[1].tolist() == [0, 1, 2, 3]
        assert (later.shares == np.bincount(assign(drifted, later), minlength=4) / 900).all()

    def test_names_are_by_profile_even_when_ids_carry_on(self, first):
        shuffled = permuted(first, [2, 0, 3, 1])
        drifted = customers(900, seed=2, shares=SHIFTED)
        carried, anew = (
            run(earlier, drifted, rfm_recipe()).segmentation for earlier in (shuffled, None)
        )
        assert carried.names == shuffled.names
        assert carried.names != anew.names
        assert (names_of(drifted, carried) == names_of(drifted, anew)).mean() > 0.99

    def test_a_name_leaves_its_id_when_the_profiles_change_places(self, first):
        # by id the clusters stay where they are, but what was best is now the longest gone
        changed = replace(first, names=first.names[::-1])
        drifted = customers(900, seed=2, shares=SHIFTED)
        found = run(changed, drifted, rfm_recipe()).segmentation
        assert found.names == first.names

    def test_another_definition_is_a_new_fit_without_an_index(self, first, shop):
        found = run(first, shop, replace(rfm_recipe(), winsorise_share=0.05))
        assert (found.decision, found.stability_index) == ("refitted", None)
        assert found.reason == "the recipe or its naming rules changed"
        assert found.segmentation.definition != first.definition
        five = run(first, shop, rfm_recipe(cluster_count=5)).segmentation
        assert len(five.names) == 5

    def test_new_names_are_a_new_fit(self, first, shop):
        renamed = [replace(rule, name=f"{rule.name}!") for rule in RULES["engagement"]]
        found = refresh(
            first, shop, rfm_recipe(), rules=renamed, as_of_date=LATER, settings=REFRESH
        )
        assert found.reason == "the recipe or its naming rules changed"
        assert found.segmentation.names == tuple(f"{name}!" for name in first.names)

    def test_a_feature_that_is_gone_is_a_new_fit_that_names_it(self, shop):
        recipe = replace(rfm_recipe(), features=(RecipeFeature("category_shares", "identity"),))
        earlier = run(None, shop, recipe).segmentation
        without = shop.drop(columns="category_share: TABLEWARE & DINING")
        found = run(earlier, without, recipe)
        assert (found.decision, found.stability_index) == ("refitted", None)
        assert found.reason == "there is no feature category_share: TABLEWARE & DINING any more"
        assert "category_share: TABLEWARE & DINING" not in found.segmentation.scaler.features

    def test_a_category_that_is_new_does_not_end_a_fit(self, shop):
        recipe = replace(rfm_recipe(), features=(RecipeFeature("category_shares", "identity"),))
        earlier = run(None, shop, recipe).segmentation
        found = run(earlier, shop.assign(**{"category_share: ADVENT": 0.9}), recipe)
        assert found.segmentation is earlier


class TestGrowth:
    """A shop that was too small for its clusters gets them when it has grown."""

    @pytest.mark.parametrize("wanted", [4, None])
    def test_one_cluster_does_not_stay_for_good(self, shop, wanted):
        recipe = rfm_recipe(cluster_count=wanted)
        settings = replace(REFRESH, evaluation=replace(EVALUATION, cluster_counts=(2, 3)))
        small = run(None, shop.head(1), recipe, settings=settings).segmentation
        assert small.names == (LONE_CLUSTER_NAME,)
        found = run(small, shop, recipe, settings=settings)
        count = wanted or 2
        assert found.decision == "refitted"
        assert found.reason == f"there can be {count} clusters now, not 1"
        assert found.segmentation.shortfall is None
        assert len(found.segmentation.names) == count

    def test_a_shop_that_has_not_grown_keeps_its_fit(self, shop):
        small = run(None, shop.head(3), rfm_recipe()).segmentation
        found = run(small, shop.head(3), rfm_recipe())
        assert found.decision == "kept"
        assert found.segmentation is small

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_a_shop_that_shrank_to_a_handful_is_no_crash(self, first, shop, count):
        found = run(first, shop.head(count), rfm_recipe())
        assert found.decision == "refitted"
        assert len(found.segmentation.names) == count
        assert found.segmentation.shortfall.endswith(f"only {count} of {count} customers differ")


class TestMatching:
    def test_it_is_the_assignment_of_least_total_distance(self, first):
        # one step along every axis: each cluster is nearest to where it was, under any ids
        for order in ([3, 2, 1, 0], [1, 2, 3, 0]):
            moved = permuted(first, order)
            moved = replace(
                moved, clusters=replace(moved.clusters, centroids=moved.clusters.centroids + 0.05)
            )
            back = matched(first, moved)
            assert back.names == first.names
            assert back.shares.tolist() == first.shares.tolist()
            assert back.clusters.centroids == pytest.approx(first.clusters.centroids + 0.05)

    def test_another_number_or_other_features_leave_the_ids(self, first, shop):
        five = run(None, shop, rfm_recipe(cluster_count=5)).segmentation
        assert matched(first, five) is five
        other = run(None, shop, replace(rfm_recipe(), features=rfm_recipe().features[::-1]))
        assert matched(first, other.segmentation) is other.segmentation


class TestStabilityIndex:
    def test_by_hand(self):
        # (.3 - .2) ln 1.5 + (.7 - .8) ln .875
        found = stability_index(np.array([0.2, 0.8]), np.array([0.3, 0.7]))
        assert found == pytest.approx(0.1 * 0.405465108 + 0.1 * 0.133531393)

    def test_it_does_not_matter_which_is_earlier(self):
        one, other = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
        assert stability_index(one, other) == pytest.approx(stability_index(other, one))
        assert stability_index(one, one) == 0

    def test_an_empty_cluster_counts_as_a_ten_thousandth(self):
        found = stability_index(np.array([0.1, 0.9]), np.array([0.0, 1.0]))
        assert found == pytest.approx(0.0999 * np.log(1000) + 0.1 * np.log(1 / 0.9))


def permuted(fit: Segmentation, order: list[int]) -> Segmentation:
    """Give the clusters of a fit other ids: the new i is the old order[i]."""
    return replace(
        fit,
        clusters=fit.clusters.ordered(np.array(order)),
        names=tuple(fit.names[i] for i in order),
        shares=fit.shares[order],
    )
