"""Recipes as their seeds say, and errors that name the recipe and the fault."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml

from regulars.clustering import (
    ALGORITHMS,
    CONTEXT_FEATURES,
    NamingRule,
    RecipeError,
    RecipeFeature,
    read_naming_rules,
    read_recipes,
)
from regulars.errors import InvalidSettingError
from tests.conftest import ROOT
from tests.unit.clustering.shop import (
    customers,
    rfm_recipe,
    seed_table,
    seeded_recipes,
    seeded_rules,
)

INPUTS = (ROOT / "models/intermediate/clusters/int_cluster_inputs.sql").read_text(encoding="utf-8")


def recipe_row(**changes) -> pd.DataFrame:
    row = {
        "recipe": "lifecycle", "algorithm": "kmeans", "cluster_count": 4, "winsorise_share": 0.01,
        "naming_rules": "engagement",
    }  # fmt: skip
    return pd.DataFrame([row | changes])


def feature_rows(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [("lifecycle", i + 1, *pair) for i, pair in enumerate(pairs)],
        columns=["recipe", "position", "feature", "transform"],
    )


MONEY = feature_rows(("monetary", "log1p"), ("recency_days", "identity"))


class TestReading:
    def test_a_row_and_its_features_make_a_recipe(self):
        (recipe,) = read_recipes(recipe_row(), MONEY.iloc[::-1])
        assert recipe.features == (
            RecipeFeature("monetary", "log1p"),
            RecipeFeature("recency_days", "identity"),
        )
        assert (recipe.name, recipe.algorithm, recipe.cluster_count) == ("lifecycle", "kmeans", 4)
        assert (recipe.winsorise_share, recipe.naming_rules) == (0.01, "engagement")

    @pytest.mark.parametrize("empty", [None, float("nan"), pd.NA])
    def test_no_number_of_clusters_leaves_the_choice_to_the_evaluation(self, empty):
        (recipe,) = read_recipes(recipe_row(cluster_count=empty), MONEY)
        assert recipe.cluster_count is None

    def test_recipes_come_in_the_order_of_their_names(self):
        assert list(seeded_recipes()) == sorted(seed_table("segmentation_recipes")["recipe"])

    @pytest.mark.parametrize(
        ("recipes", "features", "message"),
        [
            (
                recipe_row(algorithm="dbscan"),
                MONEY,
                "Recipe 'lifecycle': algorithm 'dbscan' is unknown; known are gmm, kmeans, ward.",
            ),
            (
                recipe_row(),
                feature_rows(("monetary", "sqrt")),
                "Recipe 'lifecycle', feature 'monetary': transform 'sqrt' is unknown; "
                "known are identity, log1p.",
            ),
            (recipe_row(), MONEY.iloc[:0], "Recipe 'lifecycle' has no features"),
            (
                recipe_row(),
                feature_rows(("monetary", "log1p"), ("monetary", "identity")),
                "Recipe 'lifecycle' names the feature 'monetary' twice.",
            ),
            (
                recipe_row(winsorise_share=0.5),
                MONEY,
                "Recipe 'lifecycle': winsorise_share is 0.5; it must be at least 0 and below 0.5.",
            ),
            (
                recipe_row(winsorise_share=-0.01),
                MONEY,
                "Recipe 'lifecycle': winsorise_share is -0.01;",
            ),
            (recipe_row(cluster_count=0), MONEY, "Recipe 'lifecycle': cluster_count is 0;"),
        ],
    )
    def test_an_error_names_the_recipe_and_the_fault(self, recipes, features, message):
        with pytest.raises(RecipeError) as raised:
            read_recipes(recipes, features)
        assert str(raised.value).startswith(message)
        assert isinstance(raised.value, InvalidSettingError)


class TestNamingRules:
    table = pd.DataFrame(
        [("tiers", 2, "low", "lowest_value"), ("tiers", 1, "top", "highest_value")],
        columns=["naming_rules", "step", "cluster_name", "criterion"],
    )

    def test_rules_come_in_the_order_of_their_steps(self):
        assert read_naming_rules(self.table) == {
            "tiers": [NamingRule("top", "highest_value"), NamingRule("low", "lowest_value")]
        }

    def test_an_unknown_criterion_is_an_error(self):
        with pytest.raises(RecipeError, match="Naming rules 'tiers': criterion 'biggest' is unkn"):
            read_naming_rules(self.table.assign(criterion="biggest"))

    def test_a_name_used_twice_in_a_set_is_an_error(self):
        with pytest.raises(RecipeError, match="Naming rules 'tiers' use the name 'low' twice"):
            read_naming_rules(self.table.assign(cluster_name="low"))
        two_sets = self.table.assign(cluster_name="low", naming_rules=["tiers", "others"])
        assert len(read_naming_rules(two_sets)) == 2


class TestFeatures:
    def test_category_shares_are_the_five_largest_by_mean_share(self):
        shop = customers(300)
        recipe = replace(rfm_recipe(), features=(RecipeFeature("category_shares", "identity"),))
        found = [item.feature for item in recipe.features_of(shop)]
        means = shop.filter(like="category_share: ").mean().sort_values(ascending=False)
        assert found == means.index[:5].tolist()
        assert found[0] == "category_share: TABLEWARE & DINING"

    def test_equal_shares_come_in_the_order_of_their_names(self):
        shop = pd.DataFrame({f"category_share: {name}": [1 / 7] for name in "GFEDCBA"})
        recipe = replace(rfm_recipe(), features=(RecipeFeature("category_shares", "log1p"),))
        assert recipe.features_of(shop) == tuple(
            RecipeFeature(f"category_share: {name}", "log1p") for name in "ABCDE"
        )

    def test_a_shop_of_one_category_has_one_share(self):
        shop = customers(20)[["monetary", "category_share: TOYS"]]
        recipe = replace(
            rfm_recipe(),
            features=(RecipeFeature("category_shares", "identity"), RecipeFeature("monetary", "log1p")),
        )  # fmt: skip
        assert [item.feature for item in recipe.features_of(shop)] == [
            "category_share: TOYS",
            "monetary",
        ]

    def test_an_unknown_feature_is_named_with_its_recipe_and_what_there_is(self):
        shop = customers(5)[["monetary", "frequency"]]
        recipe = replace(rfm_recipe(), features=(RecipeFeature("clv", "log1p"),))
        with pytest.raises(RecipeError) as raised:
            recipe.features_of(shop)
        assert str(raised.value) == (
            "Recipe 'lifecycle': feature 'clv' is unknown; known are frequency, monetary."
        )


class TestDefinition:
    @pytest.mark.parametrize(
        "change",
        [
            {"cluster_count": 5},
            {"winsorise_share": 0.02},
            {"algorithm": "ward"},
            {"naming_rules": "ranked"},
            {"features": (RecipeFeature("monetary", "identity"),)},
        ],
    )
    def test_it_changes_with_everything_that_a_fit_depends_on(self, change):
        recipe = rfm_recipe()
        rules = seeded_rules()["engagement"]
        assert replace(recipe, **change).definition(rules) != recipe.definition(rules)
        assert rfm_recipe().definition(rules) == recipe.definition(rules)

    def test_it_changes_with_the_names_and_their_order(self):
        rules = seeded_rules()["engagement"]
        renamed = [replace(rules[0], name="Stars"), *rules[1:]]
        definitions = {rfm_recipe().definition(own) for own in (rules, renamed, rules[::-1])}
        assert len(definitions) == 3

    def test_recipes_that_differ_in_number_and_names_only_share_an_evaluation(self):
        recipes = seeded_recipes()
        assert recipes["auto"].evaluated_alike() == recipes["engagement"].evaluated_alike()
        assert recipes["auto"].evaluated_alike() == recipes["value_tiers"].evaluated_alike()
        others = {recipe.evaluated_alike() for recipe in recipes.values()}
        assert len(others) == 6


class TestSeeds:
    def test_the_recipes_asked_for_are_there(self):
        recipes = seeded_recipes()
        assert {name: (one.algorithm, one.cluster_count) for name, one in recipes.items()} == {
            "value_tiers": ("kmeans", 3),
            "engagement": ("kmeans", 4),
            "rfm_enhanced": ("kmeans", 6),
            "behavioural": ("kmeans", 3),
            "mixed_kmeans": ("kmeans", 4),
            "mixed_hierarchical": ("ward", 4),
            "mixed_gmm": ("gmm", 4),
            "auto": ("kmeans", None),
        }
        assert {one.algorithm for one in recipes.values()} == set(ALGORITHMS)
        mixed = [recipes[f"mixed_{kind}"] for kind in ("kmeans", "hierarchical", "gmm")]
        assert len({(one.features, one.winsorise_share) for one in mixed}) == 1

    def test_every_feature_of_a_recipe_is_one_that_the_inputs_know(self):
        circles = re.findall(r'"(\w+)": \d+', INPUTS.split("set circles =")[1].split("%}")[0])
        assert circles == ["preferred_hour", "preferred_day"]
        known = {f"{column}_{function}" for column in circles for function in ("sin", "cos")}
        known |= sql_list("mart_features") | sql_list("mart_flags") | {"is_uk", "category_shares"}
        features = set(seed_table("segmentation_recipe_features")["feature"])
        assert features - known == set()
        assert set(CONTEXT_FEATURES) <= known

    def test_the_inputs_know_every_number_and_flag_of_customer_features(self):
        models = yaml.safe_load(
            (ROOT / "models/marts/customers/_customers__models.yml").read_text(encoding="utf-8")
        )["models"]
        (features,) = [model for model in models if model["name"] == "customer_features"]
        types = {column["name"]: column["data_type"] for column in features["columns"]}
        flags = {name for name, kind in types.items() if kind == "boolean"}
        texts = {name for name, kind in types.items() if kind == "varchar"} - {"customer_id"}
        numbers = set(types) - flags - texts - {"as_of_date", "customer_id"}
        assert len(numbers) + len(flags) + len(texts) == 52
        assert sql_list("mart_features") == numbers
        assert sql_list("mart_flags") == flags


def sql_list(name: str) -> set[str]:
    listed = re.search(rf"set {name} = \[(.*?)\]", INPUTS, re.DOTALL)
    return set(re.findall(r'"(\w+)"', listed.group(1)))
