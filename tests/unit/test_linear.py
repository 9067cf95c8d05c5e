"""Linear models around an offset."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge

from regulars.linear import LinearModel, fit_logistic, fit_ridge


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(8)
    features = generator.normal(size=(500, 3))
    return features, (generator.random(500) < expit(features[:, 0] - 0.5)).astype(float)


def test_without_offset_it_is_scikit_learns_ridge(rows) -> None:
    features, target = rows
    ours = fit_logistic(features, target, offset=np.zeros(500), penalty=5.0)
    # scikit-learn minimises C x loss + half the squared coefficients
    theirs = LogisticRegression(C=1 / 10, tol=1e-10, max_iter=1000).fit(features, target)
    assert ours.is_converged
    np.testing.assert_allclose(ours.coefficients, theirs.coef_[0], atol=1e-5)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-5)


def test_a_perfect_offset_leaves_nothing_to_correct() -> None:
    generator = np.random.default_rng(9)
    features = generator.normal(size=(20000, 2))
    logits = features[:, 0] * 1.5
    target = (generator.random(20000) < expit(logits)).astype(float)
    model = fit_logistic(features, target, offset=logits, penalty=1.0)
    assert np.abs(model.coefficients).max() < 0.06


def test_contributions_sum_to_scores_and_survive_json(rows) -> None:
    features, target = rows
    model = fit_logistic(features, target, offset=np.zeros(500), penalty=5.0)
    read = LinearModel.from_parameters(json.loads(json.dumps(model.parameters())))
    np.testing.assert_allclose(read.contributions(features).sum(axis=1), model.scores(features))


def test_a_row_alone_scores_as_among_others(rows) -> None:
    features, target = rows
    model = fit_logistic(features, target, offset=np.zeros(500), penalty=5.0)
    alone = np.array([model.scores(row[None, :])[0] for row in features])
    assert (alone == model.scores(features)).all()


def test_least_squares_are_scikit_learns_ridge(rows) -> None:
    features, _ = rows
    target = features @ [1.0, -2.0, 0.5] + 3
    theirs = Ridge(alpha=7.0).fit(features, target)
    ours = fit_ridge(features, target, penalty=7.0)
    np.testing.assert_allclose(ours.coefficients, theirs.coef_)
    assert ours.intercept == pytest.approx(theirs.intercept_)
