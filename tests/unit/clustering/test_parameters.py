"""A fit written as rows of numbers and read back assigns as before: to the bit."""

from __future__ import annotations

from dataclasses import fields, replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from regulars.clustering import (
    Segmentation,
    assign,
    fit_segmentation,
    parameter_rows,
    segmentations_from_rows,
)
from regulars.clustering.algorithms import scores
from regulars.clustering.parameters import COLUMNS
from regulars.clustering.refresh import Refreshed
from tests.unit.clustering.shop import (
    AS_OF,
    EVALUATION,
    customers,
    rfm_recipe,
    seeded_recipes,
    seeded_rules,
)

RECIPES = seeded_recipes()
ALGORITHMS = {name: recipe.algorithm for name, recipe in RECIPES.items()}
SETTINGS = replace(EVALUATION, cluster_counts=(2, 3), bootstraps=1)


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return customers(400)


@pytest.fixture(scope="module")
def runs(shop) -> list[Refreshed]:
    evaluated: dict = {}
    return [
        Refreshed(
            fit_segmentation(
                shop,
                recipe,
                rules=seeded_rules()[recipe.naming_rules],
                as_of_date=AS_OF,
                settings=SETTINGS,
                evaluated=evaluated,
            ),
            "first fit",
            "because",
            None,
        )
        for recipe in RECIPES.values()
    ]


@pytest.fixture(scope="module")
def rows(runs) -> pd.DataFrame:
    return parameter_rows(runs, algorithms=ALGORITHMS)


def through_duckdb(rows: pd.DataFrame) -> pd.DataFrame:
    """As a build finds the rows that an earlier one left, in any order."""
    with duckdb.connect() as connection:
        connection.register("rows_", rows)
        connection.execute("create table kept as select * from rows_")
        return connection.execute("select * from kept order by md5(value::varchar), feature").df()


def assert_equal(found: Segmentation, expected: Segmentation) -> None:
    for part in fields(Segmentation):
        if part.name in ("scaler", "clusters"):
            for inner in fields(getattr(expected, part.name)):
                same(
                    getattr(getattr(found, part.name), inner.name),
                    getattr(getattr(expected, part.name), inner.name),
                    inner.name,
                )
        else:
            same(getattr(found, part.name), getattr(expected, part.name), part.name)


def same(found: object, expected: object, name: str) -> None:
    if isinstance(expected, np.ndarray):
        assert found.shape == expected.shape, name
        assert found.dtype == expected.dtype, name
        assert np.array_equal(found, expected, equal_nan=True), name
    else:
        assert found == expected, name


class TestRoundTrip:
    @pytest.mark.parametrize("way", [lambda rows: rows, through_duckdb], ids=["frame", "duckdb"])
    def test_every_recipe_comes_back_to_the_bit(self, runs, rows, way):
        back = segmentations_from_rows(way(rows))
        assert sorted(back) == sorted(RECIPES)
        for run in runs:
            assert_equal(back[run.segmentation.recipe], run.segmentation)

    @pytest.mark.parametrize("name", RECIPES)
    def test_assignment_is_the_same_for_customers_seen_and_unseen(self, shop, runs, rows, name):
        (fit,) = [run.segmentation for run in runs if run.segmentation.recipe == name]
        back = segmentations_from_rows(through_duckdb(rows))[name]
        for frame in (shop, customers(300, seed=9)):
            assert assign(frame, back).equals(assign(frame, fit))
            one, other = (scores(each.scaler.scaled(frame), each.clusters) for each in (fit, back))
            assert one.tobytes() == other.tobytes()

    def test_written_again_the_rows_are_the_same(self, runs, rows):
        back = segmentations_from_rows(rows)
        again = [replace(run, segmentation=back[run.segmentation.recipe]) for run in runs]
        pd.testing.assert_frame_equal(parameter_rows(again, algorithms=ALGORITHMS), rows)

    def test_a_fit_without_evaluation_and_with_a_shortfall_comes_back(self, shop):
        fit = fit_segmentation(
            shop.head(2),
            rfm_recipe("gmm"),
            rules=seeded_rules()["engagement"],
            as_of_date=AS_OF,
            settings=replace(SETTINGS, cluster_counts=()),
        )
        assert fit.shortfall is not None
        written = parameter_rows(
            [Refreshed(fit, "first fit", "because", None)], algorithms={"lifecycle": "gmm"}
        )
        back = segmentations_from_rows(through_duckdb(written))["lifecycle"]
        assert_equal(back, fit)
        assert back.evaluations == ()

    def test_ids_above_nine_stay_in_order(self, shop):
        fit = fit_segmentation(
            shop,
            rfm_recipe(cluster_count=10),
            rules=seeded_rules()["ranked"],
            as_of_date=AS_OF,
            settings=replace(SETTINGS, cluster_counts=(2, 10)),
        )
        written = parameter_rows(
            [Refreshed(fit, "kept", "because", 0.1)], algorithms={"lifecycle": "kmeans"}
        )
        back = segmentations_from_rows(through_duckdb(written))["lifecycle"]
        assert back.names[-1] == "Tier 10"
        assert_equal(back, fit)

    def test_rows_about_the_shop_are_no_segmentation(self, rows):
        witness = pd.DataFrame(
            [{"parameter": "witness", "feature": "12346", "label": "2010-01-04"}]
        )
        assert sorted(segmentations_from_rows(pd.concat([rows, witness]))) == sorted(RECIPES)


class TestRows:
    def test_columns_and_types_are_as_declared(self, rows):
        assert {name: str(kind) for name, kind in rows.dtypes.items()} == COLUMNS
        assert parameter_rows([], algorithms={}).dtypes.equals(rows.dtypes)

    def test_each_row_is_a_number_or_a_text_and_no_json(self, rows):
        texts = rows["label"].dropna()
        assert not texts.str.contains(r"[\[\]{}]").any()
        told = rows["value"].notna() | rows["label"].notna()
        may_be_empty = {
            "stability_index",
            "wanted_cluster_count",
            "shortfall",
            "far_low",
            "far_high",
        }
        assert set(rows.loc[~told, "parameter"]) <= may_be_empty

    def test_each_number_has_one_place(self, rows):
        key = ["recipe", "parameter", "cluster_id", "feature", "axis"]
        assert not rows.duplicated(key).any()

    def test_the_rows_of_a_recipe_are_all_there_is_to_know(self, rows):
        own = rows[rows["recipe"] == "mixed_gmm"]
        counts = own["parameter"].value_counts()
        # 4 clusters, 9 features: recency, frequency, monetary, is_uk and five category shares
        assert counts["centroid"] == counts["natural_centroid"] == 4 * 9
        assert counts["whitening"] == 4 * 9 * 9
        assert counts["offset"] == counts["name"] == 4
        assert counts["loading"] == 2 * 9
        assert counts["silhouette"] == counts["bootstrap_ari_min"] == 2
        assert "whitening" not in set(rows.loc[rows["recipe"] == "engagement", "parameter"])

    def test_values_are_those_of_the_fit(self, runs, rows):
        run = next(run for run in runs if run.segmentation.recipe == "engagement")
        fit = run.segmentation
        own = rows[rows["recipe"] == "engagement"]
        names = own[own["parameter"] == "name"].sort_values("cluster_id")
        assert names["label"].tolist() == list(fit.names)
        assert names["value"].tolist() == fit.shares.tolist()
        natural = own[
            (own["parameter"] == "natural_centroid") & (own["feature"] == "monetary")
        ].sort_values("cluster_id")
        assert (
            natural["value"].tolist() == fit.scaler.natural(fit.clusters.centroids)[:, 2].tolist()
        )
        texts = own.set_index("parameter")["label"]
        assert texts["fitted_as_of"] == "2011-12-10"
        assert texts["algorithm"] == "kmeans"
        assert (texts["decision"], texts["reason"]) == ("first fit", "because")
