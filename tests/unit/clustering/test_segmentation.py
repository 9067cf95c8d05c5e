"""A recipe fitted to customers: everyone gets a label, and a name that hangs on nothing but who is where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.clustering import (
    ALGORITHMS,
    Clusters,
    NamingRule,
    Recipe,
    RecipeError,
    RecipeFeature,
    Segmentation,
    assign,
    assign_scaled,
    fit_clusters,
    fit_segmentation,
)
from regulars.clustering.naming import LONE_CLUSTER_NAME
from regulars.clustering.segmentation import hash_ordered
from tests.unit.clustering.shop import (
    AS_OF,
    EVALUATION,
    KINDS,
    NO_EVALUATION,
    RFM,
    customers,
    names_of,
    rfm_recipe,
    seeded_recipes,
    seeded_rules,
)

# resamples of a handful of customers hold fewer than there are clusters
pytestmark = pytest.mark.filterwarnings("ignore:Number of distinct clusters")

RULES = seeded_rules()


def fit(shop: pd.DataFrame, recipe: Recipe, settings=NO_EVALUATION, **options) -> Segmentation:
    rules = RULES[recipe.naming_rules]
    return fit_segmentation(
        shop, recipe, rules=rules, as_of_date=AS_OF, settings=settings, **options
    )


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return customers(1200)


class TestEveryone:
    @pytest.mark.parametrize("recipe", seeded_recipes().values(), ids=lambda one: one.name)
    def test_has_a_label_and_a_name_in_every_recipe(self, shop, recipe):
        settings = EVALUATION if recipe.cluster_count is None else NO_EVALUATION
        fitted = fit(shop, recipe, settings)
        assert fitted.shortfall is None
        labels = assign(shop, fitted)
        assert labels.index.equals(shop.index)
        assert set(labels) == set(range(len(fitted.names)))
        assert len(fitted.names) == (recipe.cluster_count or 2)
        assert len(set(fitted.names)) == len(fitted.names)
        assert fitted.shares.tolist() == (np.bincount(labels) / 1200).tolist()
        assert fitted.customer_count == 1200

    def test_is_kept_when_extreme(self, shop):
        fitted = fit(shop, rfm_recipe())
        is_extreme = fitted.scaler.is_extreme(shop)
        assert 12 <= is_extreme.sum() < 200
        # a wholesaler's money would be half of the shop's: dropped by fences, a champion here
        whales = shop[is_extreme & (shop["monetary"] > 50_000)]
        assert len(whales) >= 3
        assert "Champions & VIPs" in set(names_of(whales, fitted))
        revenue = shop["monetary"].groupby(names_of(shop, fitted)).sum()
        assert revenue.sum() == pytest.approx(shop["monetary"].sum())

    def test_is_labelled_with_values_unknown_or_never_seen(self, shop):
        fitted = fit(shop, rfm_recipe())
        strangers = pd.DataFrame(
            {
                "recency_days": [1e9, np.nan, 0, np.nan],
                "frequency": [1, np.nan, 1e9, 9],
                "monetary": [-1e12, np.nan, 1e15, np.nan],
            },
            index=["20001", "20002", "20003", "20004"],
        )
        names = names_of(strangers, fitted)
        assert names["20001"] == "At-Risk & Dormant"
        assert names["20003"] == "Champions & VIPs"
        assert names.notna().all()
        assert fitted.scaler.is_extreme(strangers).tolist() == [True, False, True, False]

    def test_of_a_kind_lands_together(self, shop):
        # the rules find the kinds that the shop was simulated from
        truth = pd.Series(
            np.random.default_rng(1).choice(len(KINDS), 1200, p=[one[0] for one in KINDS.values()]),
            shop.index,
        )
        names = names_of(shop, fit(shop, rfm_recipe()))
        expected = ["Champions & VIPs", "Loyal & Engaged", "Occasional Buyers", "At-Risk & Dormant"]
        assert (names == truth.map(dict(enumerate(expected)))).mean() > 0.75


class TestNames:
    # behavioural has many poor optima: a single random start ends in one of them
    @pytest.mark.parametrize(
        "recipe",
        [*map(rfm_recipe, ALGORITHMS), seeded_recipes()["behavioural"]],
        ids=[*ALGORITHMS, "behavioural"],
    )
    def test_other_seeds_give_the_same_names(self, shop, recipe):
        names = names_of(shop, fit(shop, recipe))
        for seed in (0, 1, 7):
            other = fit(shop, recipe, replace(NO_EVALUATION, random_state=seed))
            assert (names_of(shop, other) == names).mean() >= 0.99
        assert names.nunique() == recipe.cluster_count

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_the_order_of_rows_changes_not_a_digit(self, shop, algorithm):
        recipe = rfm_recipe(algorithm)
        fitted = fit(shop, recipe)
        shuffled = shop.sample(frac=1, random_state=3)
        again = fit(shuffled, recipe)
        assert again.clusters.centroids.tobytes() == fitted.clusters.centroids.tobytes()
        assert again.scaler.center.tobytes() == fitted.scaler.center.tobytes()
        assert again.names == fitted.names
        labels = assign(shuffled, again)
        assert labels.index.equals(shuffled.index)
        assert labels[shop.index].tolist() == assign(shop, fitted).tolist()

    def test_ids_follow_the_rules_not_the_seed(self, shop):
        for seed in (0, 1, 7):
            fitted = fit(shop, rfm_recipe(), replace(NO_EVALUATION, random_state=seed))
            assert fitted.names == tuple(rule.name for rule in RULES["engagement"])

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("cluster_count", [2, 5, 9])
    def test_two_clusters_never_share_a_name(self, shop, algorithm, cluster_count):
        fitted = fit(shop, rfm_recipe(algorithm, cluster_count))
        assert len(set(fitted.names)) == cluster_count
        assert fitted.clusters.centroids.shape == (cluster_count, 3)

    def test_they_describe_the_customers_that_have_them(self, shop):
        names = names_of(shop, fit(shop, rfm_recipe()))
        medians = shop[list(RFM)].groupby(names).median()
        assert medians["monetary"].idxmax() == medians["frequency"].idxmax() == "Champions & VIPs"
        assert medians["recency_days"].idxmax() == "At-Risk & Dormant"
        assert medians.loc["Loyal & Engaged", "monetary"] > medians.loc["Occasional Buyers", "monetary"]  # fmt: skip

    def test_they_stay_with_the_customers_whatever_features_the_clusters_are_found_by(self, shop):
        # clusters by weekend shopping alone are named by recency, orders and money too
        recipe = replace(
            rfm_recipe(),
            features=(RecipeFeature("weekend_ratio", "identity"),),
            cluster_count=2,
            naming_rules="ranked",
        )
        names = names_of(shop, fit(shop, recipe))
        logs = np.sign(shop[list(RFM)]) * np.log1p(abs(shop[list(RFM)]))
        typical = logs.groupby(names).mean()
        value = typical["frequency"].rank() + typical["monetary"].rank()
        first, second = ((value[tier], typical["monetary"][tier]) for tier in ("Tier 1", "Tier 2"))
        assert first > second


class TestAutomaticChoice:
    recipe = rfm_recipe(cluster_count=None)

    def test_the_evaluation_chooses_and_is_kept(self, shop):
        fitted = fit(shop, self.recipe, EVALUATION)
        assert [one.cluster_count for one in fitted.evaluations] == [2, 3, 4]
        assert len(fitted.names) == 2
        stable = [one for one in fitted.evaluations if one.bootstrap_ari_mean >= 0.9]
        assert max(stable, key=lambda one: one.silhouette).cluster_count == 2
        assert (fitted.wanted, fitted.shortfall) == (None, None)

    def test_recipes_that_are_evaluated_alike_share_the_evaluation(self, shop, monkeypatch):
        evaluated: dict = {}
        first = fit(shop, self.recipe, EVALUATION, evaluated=evaluated)
        assert list(evaluated) == [self.recipe.evaluated_alike()]
        monkeypatch.setattr("regulars.clustering.segmentation.evaluate", None)
        second = fit(shop, rfm_recipe(), EVALUATION, evaluated=evaluated)
        assert second.evaluations == first.evaluations
        assert len(second.names) == 4


class TestShortfall:
    """Fewer clusters than wanted come with a reason that is true."""

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_fewer_customers_than_clusters(self, algorithm, count):
        few = customers(count)
        fitted = fit(few, rfm_recipe(algorithm), EVALUATION)
        assert len(fitted.names) == fitted.clusters.centroids.shape[0] == count
        assert fitted.shortfall == (
            f"4 clusters wanted, but only {count} of {count} customers differ"
        )
        assert fitted.wanted == 4
        # one cluster each, but that a mixture may not tell so few apart
        assert len(set(assign(few, fitted))) == count or algorithm == "gmm"
        assert (fitted.names == (LONE_CLUSTER_NAME,)) == (count == 1)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    @pytest.mark.parametrize("wanted", [4, None])
    def test_customers_all_alike(self, algorithm, wanted):
        alike = customers(50)
        alike[list(RFM)] = [30, 2, 250]
        fitted = fit(alike, rfm_recipe(algorithm, wanted), EVALUATION)
        assert fitted.names == (LONE_CLUSTER_NAME,)
        assert fitted.shortfall == (
            "4 clusters wanted, but only 1 of 50 customers differ"
            if wanted
            else "no number of clusters could be evaluated on 50 customers"
        )
        assert set(assign(alike, fitted)) == {0}
        assert fitted.evaluations == ()
        assert not fitted.scaler.is_extreme(alike).any()

    def test_customers_without_any_known_value(self):
        unknown = customers(50)
        unknown["spending_cv"] = np.nan
        recipe = replace(rfm_recipe(), features=(RecipeFeature("spending_cv", "log1p"),))
        fitted = fit(unknown, recipe)
        assert fitted.names == (LONE_CLUSTER_NAME,)
        assert fitted.shortfall == "4 clusters wanted, but only 1 of 50 customers differ"

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_customers_of_three_sorts(self, algorithm):
        sorts = customers(90)
        sorts[list(RFM)] = np.tile([[5, 20, 9_000], [40, 4, 700], [400, 1, 90]], (30, 1))
        fitted = fit(sorts, rfm_recipe(algorithm), EVALUATION)
        assert fitted.shortfall == "4 clusters wanted, but only 3 of 90 customers differ"
        assert sorted(fitted.shares.round(9)) == [round(1 / 3, 9)] * 3
        assert names_of(sorts, fitted).head(3).tolist() == [
            "Champions & VIPs", "Loyal & Engaged", "At-Risk & Dormant",
        ]  # fmt: skip

    def test_no_number_to_choose_from_does_not_claim_that_customers_are_alike(self, shop):
        fitted = fit(shop, rfm_recipe(cluster_count=None), NO_EVALUATION)
        assert fitted.names == (LONE_CLUSTER_NAME,)
        assert fitted.shortfall == ("no number of clusters could be evaluated on 1200 customers")

    def test_numbers_above_the_ways_to_differ(self):
        settings = replace(EVALUATION, cluster_counts=(5, 6))
        fitted = fit(customers(4), rfm_recipe(cluster_count=None), settings)
        assert fitted.shortfall == ("no number of clusters could be evaluated on 4 customers")
        assert fitted.names == (LONE_CLUSTER_NAME,)

    def test_too_few_to_judge_any_number(self):
        # two customers differ, but two clusters of one have no silhouette
        fitted = fit(customers(2), rfm_recipe(cluster_count=None), EVALUATION)
        assert [one.silhouette for one in fitted.evaluations] == [None]
        assert fitted.names == (LONE_CLUSTER_NAME,)
        assert fitted.shortfall == ("no number of clusters could be evaluated on 2 customers")

    def test_exactly_as_many_as_wanted_is_none(self):
        assert fit(customers(4), rfm_recipe()).shortfall is None

    def test_no_customers_are_an_error(self):
        with pytest.raises(ValueError, match=r"^There are no customers to segment"):
            fit(customers(3).iloc[:0], rfm_recipe())

    def test_one_country_and_one_category_leave_the_other_features_to_tell_them_apart(self, shop):
        plain = shop.drop(columns=[name for name in shop if name.startswith("category_share")])
        plain = plain.assign(is_uk=1.0, **{"category_share: TOYS": 1.0})
        for name in ("mixed_kmeans", "mixed_hierarchical", "mixed_gmm"):
            fitted = fit(plain, seeded_recipes()[name])
            assert len(fitted.names) == 4
            assert fitted.shortfall is None
            assert fitted.scaler.features == (*RFM, "is_uk", "category_share: TOYS")
            assert np.isfinite(fitted.clusters.centroids).all()
            assert names_of(plain, fitted).nunique() == 4


class TestDetails:
    def test_customers_are_taken_in_the_order_of_a_hash(self):
        # their MD5s begin with a3, 8a and ee
        frame = pd.DataFrame({"monetary": [1, 2, 3]}, index=["12346", "12347", "12348"])
        ordered = hash_ordered(frame)
        assert ordered.index.tolist() == ["12347", "12346", "12348"]
        assert hash_ordered(frame.iloc[::-1]).equals(ordered)

    def test_a_cluster_that_nobody_is_in_has_a_name_and_a_share_of_zero(self, shop, monkeypatch):
        def with_a_desert(scaled, **options):
            found = fit_clusters(scaled, **(options | {"cluster_count": 3}))
            return Clusters(np.vstack([np.full((1, 3), 1e6), found.centroids]))

        monkeypatch.setattr("regulars.clustering.segmentation.fit_clusters", with_a_desert)
        fitted = fit(shop, rfm_recipe())
        assert dict(zip(fitted.names, fitted.shares, strict=True))["Occasional Buyers"] == 0
        assert fitted.shares.sum() == pytest.approx(1)
        assert names_of(shop, fitted).nunique() == 3

    def test_loadings_are_the_first_two_principal_axes(self, shop):
        fitted = fit(shop, rfm_recipe())
        scaled = fitted.scaler.scaled(shop)
        plotted = scaled @ fitted.loadings
        values = np.linalg.eigvalsh(np.cov(scaled, rowvar=False, bias=True))
        assert np.cov(plotted, rowvar=False, bias=True) == pytest.approx(
            np.diag(values[::-1][:2]), abs=1e-9
        )
        largest = np.abs(fitted.loadings).argmax(axis=0)
        assert (fitted.loadings[largest, [0, 1]] > 0).all()

    def test_a_recipe_of_one_feature_is_plotted_on_a_line(self, shop):
        recipe = replace(rfm_recipe(), features=(RecipeFeature("monetary", "log1p"),))
        assert fit(shop, recipe).loadings.tolist() == [[1.0, 0.0]]

    def test_a_warm_start_begins_with_the_earlier_centroids_in_the_new_units(
        self, shop, monkeypatch
    ):
        earlier = fit(shop, rfm_recipe())
        starts = []

        def spy(scaled, **options):
            starts.append(options["initial"])
            return fit_clusters(scaled, **options)

        monkeypatch.setattr("regulars.clustering.segmentation.fit_clusters", spy)
        richer = shop.assign(monetary=shop["monetary"] * 3)
        warm = fit(richer, rfm_recipe(), initial=earlier)
        fit(richer, rfm_recipe(cluster_count=5), initial=earlier)
        natural = earlier.scaler.natural(earlier.clusters.centroids)
        scaled = warm.scaler.scaled(pd.DataFrame(natural, columns=list(RFM)))
        assert starts[0].tolist() == scaled.tolist()
        assert starts[1] is None  # another number of clusters begins anew

    def test_what_was_fitted_is_remembered(self, shop):
        recipe = rfm_recipe()
        fitted = fit(shop, recipe)
        assert fitted.recipe == "lifecycle"
        assert fitted.definition == recipe.definition(RULES["engagement"])
        assert fitted.fitted_as_of == date(2011, 12, 10)
        assert fitted.clusters.converged
        labels = assign_scaled(fitted.scaler.scaled(shop), fitted.clusters)
        assert labels.tolist() == assign(shop, fitted).tolist()

    def test_too_few_names_and_unknown_features_are_errors(self, shop):
        with pytest.raises(ValueError, match="2 naming rules for 4 clusters"):
            fit_segmentation(
                shop,
                rfm_recipe(),
                rules=[NamingRule("a", "highest_value"), NamingRule("b", "highest_value")],
                as_of_date=AS_OF,
                settings=NO_EVALUATION,
            )
        with pytest.raises(RecipeError, match="Recipe 'lifecycle': feature 'clv' is unknown"):
            fit(shop, replace(rfm_recipe(), features=(RecipeFeature("clv", "identity"),)))
