"""Contributions of trees: those of LightGBM."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from regulars.boosting import BoostingSettings, Trees, fit_trees


def rows(count: int, seed: int, missing: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(count, 6)).round(1)
    target = features[:, 0] * (features[:, 1] > 0) + features[:, 2] + generator.normal(size=count)
    features[generator.random(features.shape) < missing] = np.nan
    return features, target


def fit(features: np.ndarray, target: np.ndarray, leaves: int, **options: object) -> str:
    settings = BoostingSettings(
        objective=options.pop("objective", "regression"),
        rounds=25,
        learning_rate=0.2,
        leaves=leaves,
        leaf_rows=5,
        feature_share=0.8,
        l2_penalty=0.1,
        seed=2,
        options=tuple(options.items()),
    )
    return fit_trees(features, target, settings=settings)


@pytest.mark.parametrize("leaves", [2, 3, 8, 16])
@pytest.mark.parametrize("missing", [0.0, 0.2], ids=["complete", "with gaps"])
def test_contributions_are_those_of_lightgbm(leaves: int, missing: float) -> None:
    text = fit(*rows(500, 1, missing), leaves)
    # rows that training has not seen, with gaps whether or not it saw any
    features, _ = rows(300, 9, 0.1)
    expected = lightgbm.Booster(model_str=text).predict(features, pred_contrib=True)
    np.testing.assert_allclose(Trees(text).contributions(features), expected, atol=1e-12)


def test_each_class_has_contributions_of_its_own() -> None:
    features, target = rows(600, 4, 0.1)
    classes = np.digitize(target, [-0.5, 0.5])
    text = fit(features, classes, 6, objective="multiclass", num_class=3)
    expected = lightgbm.Booster(model_str=text).predict(features, pred_contrib=True)
    for number in range(3):
        found = Trees(text).contributions(features, output=number)
        np.testing.assert_allclose(found, expected[:, 7 * number : 7 * number + 7], atol=1e-12)


def test_trees_without_a_split_contribute_their_base() -> None:
    features, target = rows(8, 3, 0.0)
    text = fit(features, target, 8)
    found = Trees(text).contributions(features)
    assert (found[:, :-1] == 0).all()
    np.testing.assert_allclose(found[:, -1], Trees(text).raw_scores(features))
