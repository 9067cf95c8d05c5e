"""All recipes of a shop in one go: the same bytes every time, and one shop is not taken for another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from regulars.clustering import Recipe, RecipeError, RecipeFeature, RefreshSettings, run_recipes
from regulars.clustering.parameters import COLUMNS
from regulars.clustering.run import WITNESSES, is_same_shop
from tests.conftest import ROOT
from tests.unit.clustering.shop import (
    AS_OF,
    EVALUATION,
    REFRESH,
    customers,
    rfm_recipe,
    seeded_recipes,
    seeded_rules,
)

NOTHING = pd.DataFrame()
LATER = AS_OF + timedelta(days=31)
# two recipes that share an evaluation, and one of each other algorithm
RECIPES = [
    rfm_recipe(),
    replace(rfm_recipe(cluster_count=None), name="found"),
    *(seeded_recipes()[name] for name in ("mixed_hierarchical", "mixed_gmm")),
]
SETTINGS = RefreshSettings(
    drift_index=0.25, cluster_limit=12, evaluation=replace(EVALUATION, cluster_counts=(2, 3))
)


def run(
    shop: pd.DataFrame,
    recipes: Sequence[Recipe] = RECIPES,
    *,
    earlier: pd.DataFrame = NOTHING,
    as_of: date = AS_OF,
    settings: RefreshSettings = SETTINGS,
) -> pd.DataFrame:
    return run_recipes(
        shop, recipes, rules=seeded_rules(), earlier=earlier, as_of_date=as_of, settings=settings
    )


def quick(shop: pd.DataFrame, **options) -> pd.DataFrame:
    return run(shop, [rfm_recipe()], settings=REFRESH, **options)


def fits(shop: pd.DataFrame) -> pd.DataFrame:
    return run(shop, [rfm_recipe(), seeded_recipes()["mixed_gmm"]], settings=REFRESH)


def content(rows: pd.DataFrame) -> str:
    """Every digit of the rows as text."""
    return rows.map(lambda value: value.hex() if isinstance(value, float) else str(value)).to_csv()


def label(rows: pd.DataFrame, parameter: str) -> str:
    (found,) = rows.loc[rows["parameter"] == parameter, "label"]
    return found


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return customers(700)


@pytest.fixture(scope="module")
def rows(shop) -> pd.DataFrame:
    return run(shop)


@pytest.fixture(scope="module")
def earlier(shop) -> pd.DataFrame:
    """What a build without an evaluation left."""
    return quick(shop)


class TestEveryRecipe:
    def test_is_run_once_in_the_order_of_names(self, rows):
        found = rows.loc[rows["parameter"] == "decision"]
        assert found["recipe"].tolist() == ["found", "lifecycle", "mixed_gmm", "mixed_hierarchical"]
        assert set(found["label"]) == {"first fit"}

    def test_has_its_own_names_and_clusters(self, rows):
        names = rows[rows["parameter"] == "name"]
        counts = names.groupby("recipe")["label"].nunique()
        assert counts.to_dict() == {
            "found": 2, "lifecycle": 4, "mixed_gmm": 4, "mixed_hierarchical": 4,
        }  # fmt: skip
        assert names.groupby("recipe")["value"].sum().tolist() == pytest.approx([1] * 4)

    def test_columns_and_types_are_those_of_parameter_rows(self, rows):
        assert {name: str(kind) for name, kind in rows.dtypes.items()} == COLUMNS

    def test_is_converged(self, rows):
        assert set(rows.loc[rows["parameter"] == "converged", "value"]) == {1.0}


class TestTheSameEveryTime:
    def test_two_runs_give_identical_bytes(self, shop, rows):
        assert content(run(shop)) == content(rows)

    def test_the_order_of_rows_and_columns_does_not_matter(self, shop, rows):
        shuffled = shop.sample(frac=1, random_state=2)[shop.columns[::-1]]
        assert content(run(shuffled)) == content(rows)

    def test_the_order_of_recipes_does_not_matter(self, shop, rows):
        assert content(run(shop, RECIPES[::-1])) == content(rows)

    def test_nor_does_the_number_of_threads(self, shop):
        script = (
            "import sys; from tests.unit.clustering.test_run import content, fits, customers; "
            "sys.stdout.write(content(fits(customers(700))))"
        )
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script],
                cwd=ROOT,
                env=os.environ
                | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads),
                stdout=subprocess.PIPE,
                text=True,
            )
            for threads in ("1", "2")
        ]  # fmt: skip
        found = [process.communicate(timeout=120)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0]
        assert found == [content(fits(shop))] * 2


class TestShop:
    def test_a_hundred_customers_with_their_first_purchase_are_its_witnesses(self, shop, earlier):
        witnesses = earlier[earlier["parameter"] == "witness"]
        assert len(witnesses) == WITNESSES == 100
        days = shop.loc[witnesses["feature"], "tenure_days"]
        first = [(AS_OF - timedelta(days=int(each))).isoformat() for each in days]
        assert witnesses["label"].tolist() == first

    def test_the_same_shop_a_month_later_goes_on_with_its_fit(self, shop, earlier):
        later = pd.concat([shop.assign(tenure_days=shop["tenure_days"] + 31), newcomers(80)])
        found = quick(later, earlier=earlier, as_of=LATER)
        assert label(found, "decision") == "kept"
        assert label(found, "fitted_as_of") == "2011-12-10"
        assert label(found, "shop") == label(earlier, "shop")
        numbers = ("centroid", "center", "scale", "name")
        for parameter in numbers:
            one, other = (each.loc[each["parameter"] == parameter, "value"] for each in (found, earlier))  # fmt: skip
            assert one.tolist() == other.tolist()

    def test_it_is_the_same_shop_for_as_long_as_the_chain_goes_on(self, shop, earlier):
        # in two steps all witnesses are others, and the label has been carried on
        half = pd.concat([shop.assign(tenure_days=shop["tenure_days"] + 31), newcomers(300)])
        middle = quick(half, earlier=earlier, as_of=LATER)
        last = half.tail(500).assign(tenure_days=half["tenure_days"] + 31)
        end = quick(last, earlier=middle, as_of=LATER + timedelta(days=31))
        assert label(end, "shop") == label(earlier, "shop")
        assert set(end.loc[end["parameter"] == "witness", "feature"]) <= set(last.index)

    def test_another_shop_with_the_same_customer_numbers_starts_anew(self, shop, earlier):
        other = shop.assign(tenure_days=shop["tenure_days"] + 31 + 7)
        found = quick(other, earlier=earlier, as_of=LATER)
        assert label(found, "decision") == "first fit"
        assert label(found, "shop") != label(earlier, "shop")

    def test_customers_with_other_numbers_are_another_shop(self, shop, earlier):
        other = shop.assign(tenure_days=shop["tenure_days"] + 31)
        other.index = [f"X{customer}" for customer in other.index]
        assert label(quick(other, earlier=earlier, as_of=LATER), "decision") == "first fit"

    @pytest.mark.parametrize(("left", "is_same"), [(50, True), (49, False)])
    def test_half_of_the_witnesses_are_enough(self, shop, earlier, left, is_same):
        witnesses = earlier.loc[earlier["parameter"] == "witness", "feature"].tolist()
        later = shop.assign(tenure_days=shop["tenure_days"] + 31)
        assert is_same_shop(earlier, later.loc[witnesses[:left]], LATER) is is_same

    def test_customer_numbers_may_be_numbers(self, shop, earlier):
        later = shop.assign(tenure_days=shop["tenure_days"] + 31)
        later.index = later.index.astype(int)
        assert is_same_shop(earlier, later, LATER)

    def test_nothing_earlier_is_no_shop(self, shop):
        assert not is_same_shop(NOTHING, shop, AS_OF)
        assert not is_same_shop(run(shop.iloc[:0]), shop, AS_OF)

    def test_the_shop_of_an_interrupted_chain_has_the_same_label(self, shop, earlier):
        assert label(quick(shop), "shop") == label(earlier, "shop")


class TestEdges:
    def test_no_customers_give_no_rows_of_the_right_shape(self, shop):
        found = run(shop.iloc[:0])
        assert found.empty
        assert {name: str(kind) for name, kind in found.dtypes.items()} == COLUMNS
        assert run(pd.DataFrame()).empty

    @pytest.mark.parametrize("count", [1, 2, 3])
    def test_a_handful_of_customers_get_all_recipes_and_reasons(self, count):
        found = run(customers(count), list(seeded_recipes().values()))
        shortfalls = found.loc[found["parameter"] == "shortfall"].set_index("recipe")["label"]
        assert len(shortfalls) == 8
        asked_for_more = [name for name, one in seeded_recipes().items() if (one.cluster_count or 0) > count]  # fmt: skip
        assert (
            shortfalls[asked_for_more]
            .str.endswith(f"only {count} of {count} customers differ")
            .all()
        )
        assert (found["parameter"] == "witness").sum() == count

    def test_an_unknown_feature_names_recipe_and_feature(self, shop):
        wrong = replace(rfm_recipe(), features=(RecipeFeature("lifetime_value", "log1p"),))
        with pytest.raises(
            RecipeError, match=r"Recipe 'lifecycle': feature 'lifetime_value' is un"
        ):
            run(shop, [seeded_recipes()["mixed_gmm"], wrong])

    def test_unknown_or_short_naming_rules_name_the_recipe(self, shop):
        with pytest.raises(
            RecipeError, match="Recipe 'lifecycle': naming_rules 'poetic' is unknown"
        ):
            run(shop, [replace(rfm_recipe(), naming_rules="poetic")])
        with pytest.raises(
            RecipeError, match=r"'lifecycle' may have 4 clusters, but .* have 3 names"
        ):
            run(shop, [replace(rfm_recipe(), naming_rules="value_tiers")])

    def test_more_clusters_than_the_assignment_has_columns_for_are_refused(self, shop):
        few = replace(SETTINGS, cluster_limit=3)
        with pytest.raises(RecipeError, match=r"'lifecycle' may have 4 clusters; .* allows 3"):
            run(shop, [rfm_recipe()], settings=few)


def newcomers(count: int) -> pd.DataFrame:
    joined = customers(count, seed=6)
    joined.index = [f"new {number}" for number in range(count)]
    return joined.assign(tenure_days=30.0, recency_days=joined["recency_days"].clip(upper=30))
