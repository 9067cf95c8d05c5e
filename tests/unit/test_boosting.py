"""Trees that repeat themselves and explain themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from scipy.special import expit

from regulars.boosting import BoostingSettings, Trees, fit_trees

SETTINGS = BoostingSettings(
    objective="binary",
    rounds=20,
    learning_rate=0.1,
    leaves=6,
    leaf_rows=20,
    feature_share=0.5,
    l2_penalty=1.0,
    seed=3,
)
SCRIPT = """
import sys
from dataclasses import replace
from tests.unit.test_boosting import fitted
import hashlib
print(hashlib.sha256(fitted()[0].encode()).hexdigest())
"""


def fitted() -> tuple[str, np.ndarray]:
    generator = np.random.default_rng(5)
    features = generator.normal(size=(600, 5))
    features[::9, 1] = np.nan
    target = (features[:, 0] + generator.normal(size=600) > 0).astype(float)
    return fit_trees(features, target, settings=SETTINGS), features


def test_contributions_sum_to_the_raw_score() -> None:
    text, features = fitted()
    trees = Trees(text)
    contributions = trees.contributions(features)
    assert contributions.shape == (600, 6)
    np.testing.assert_allclose(contributions.sum(axis=1), trees.raw_scores(features), atol=1e-9)
    np.testing.assert_allclose(trees.predict(features), expit(trees.raw_scores(features)))
    assert trees.gains().argmax() == 0


def test_each_class_has_contributions_of_its_own() -> None:
    _, features = fitted()
    classes = np.digitize(features[:, 0], [-0.5, 0.5])
    settings = replace(SETTINGS, objective="multiclass", options=(("num_class", 3),))
    trees = Trees(fit_trees(features, classes, settings=settings))
    contributions = trees.contributions(features)
    assert contributions.shape == (600, 3, 6)
    np.testing.assert_allclose(contributions.sum(axis=2), trees.raw_scores(features), atol=1e-9)
    assert trees.contributions(features[:0]).shape == (0, 3, 6)


@pytest.mark.parametrize(("leaves", "leaf_rows"), [(6, 2), (64, 2), (6, 1000)])
def test_contributions_are_lightgbms_own(leaves: int, leaf_rows: int) -> None:
    _, features = fitted()
    classes = np.digitize(features[:, 0] * features[:, 2], [-0.5, 0.5])
    settings = replace(
        SETTINGS,
        objective="multiclass",
        options=(("num_class", 3),),
        leaves=leaves,
        leaf_rows=leaf_rows,
    )
    text = fit_trees(features, classes, settings=settings)
    unseen = np.random.default_rng(6).normal(size=(300, 5))
    unseen[::7, :2], unseen[::5, 3:] = np.nan, np.nan  # where training had values, too
    own = lightgbm.Booster(model_str=text).predict(unseen, pred_contrib=True)
    contributions = Trees(text).contributions(unseen)
    np.testing.assert_allclose(contributions.reshape(300, -1), own, rtol=1e-9, atol=1e-12)


def test_contributions_of_categories_are_refused() -> None:
    features = np.arange(400.0).reshape(400, 1) % 4
    data = lightgbm.Dataset(features, features[:, 0] % 2, categorical_feature=[0])
    booster = lightgbm.train({"objective": "binary", "verbose": -1}, data, 2)
    with pytest.raises(ValueError, match="split numbers"):
        Trees(booster.model_to_string()).contributions(features)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_one_and_two_threads_give_the_same_model(threads: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "OMP_NUM_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
    )
    own = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert result.stdout == own.stdout
    assert len(own.stdout.strip()) == 64


def test_an_offset_is_corrected_not_repeated() -> None:
    _, features = fitted()
    target = (np.random.default_rng(6).random(600) < expit(features[:, 0])).astype(float)
    told = Trees(fit_trees(features, target, settings=SETTINGS, offset=features[:, 0]))
    untold = Trees(fit_trees(features, target, settings=SETTINGS))
    assert told.gains()[0] < untold.gains()[0] / 2
