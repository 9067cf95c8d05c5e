"""Figures against scikit-learn, SciPy and values by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from regulars import metrics


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Targets and probabilities with ties."""
    generator = np.random.default_rng(4)
    probability = np.round(generator.uniform(0.01, 0.99, 400), 2)
    return (generator.random(400) < probability).astype(float), probability


def test_areas_agree_with_scikit_learn(scored) -> None:
    target, probability = scored
    figures = metrics.probability_figures(target, probability)
    assert figures["roc_auc"] == pytest.approx(roc_auc_score(target, probability))
    assert figures["pr_auc"] == pytest.approx(average_precision_score(target, probability))
    assert figures["log_loss"] == pytest.approx(log_loss(target, probability))


def test_weights_stand_for_repeated_rows(scored) -> None:
    target, probability = scored
    weights = metrics.bootstrap_weights(400, resamples=3, random_state=1)
    assert (weights.sum(axis=1) == 400).all()
    areas = metrics.weighted_roc_auc(target, probability, weights)
    for row, area in zip(weights, areas, strict=True):
        assert area == pytest.approx(roc_auc_score(target, probability, sample_weight=row))


def test_brier_skill_is_against_the_test_base_rate() -> None:
    target = np.array([1.0, 0, 0, 0])
    figures = metrics.probability_figures(target, np.full(4, 0.25))
    assert figures["brier"] == pytest.approx(0.1875)
    assert figures["brier_skill"] == pytest.approx(0)


def test_calibration_error_is_the_mean_gap() -> None:
    target = np.array([0.0, 1] * 50)
    assert metrics.expected_calibration_error(target, np.full(100, 0.8)) == pytest.approx(0.3)


def test_one_class_has_no_area() -> None:
    figures = metrics.probability_figures(np.ones(5), np.linspace(0, 1, 5))
    assert np.isnan(figures["roc_auc"])
    assert figures["predicted_to_actual"] == pytest.approx(0.5)


def test_gini_is_one_for_the_true_order_and_negative_for_its_reverse() -> None:
    actual = np.array([0.0, 1, 5, 10])
    every = np.ones((1, 4))
    assert metrics.weighted_gini(actual, np.sqrt(actual), every)[0] == pytest.approx(1)
    assert metrics.weighted_gini(actual, -actual, every)[0] == pytest.approx(-1)
    assert metrics.weighted_gini(actual, np.ones(4), every)[0] == pytest.approx(0)


def test_resampled_figures_are_those_of_repeated_rows() -> None:
    generator = np.random.default_rng(3)
    actual = generator.integers(0, 5, 60).astype(float)
    scores = np.array([generator.normal(size=60), np.round(generator.normal(size=60), 1)])
    weights = metrics.bootstrap_weights(60, resamples=40, random_state=1)
    every = np.ones((1, 60))
    ginis = metrics.weighted_gini(actual, scores, weights)
    errors = metrics.weighted_brier((actual > 2).astype(float), scores, weights)
    assert ginis.shape == errors.shape == (2, 40)
    for model, score in enumerate(scores):
        for number, row in enumerate(weights):
            drawn = np.repeat(np.arange(60), row)
            gini = metrics.weighted_gini(actual[drawn], score[drawn], every)[0]
            assert ginis[model, number] == pytest.approx(gini)
            error = np.mean((score - (actual > 2))[drawn] ** 2)
            assert errors[model, number] == pytest.approx(error)


def test_equal_values_have_no_correlation() -> None:
    score, every = np.arange(7.0), np.ones((1, 7))
    assert np.isnan(metrics.weighted_spearman(np.full(7, 2.0), score, every)).all()


def test_spearman_agrees_with_scipy() -> None:
    generator = np.random.default_rng(2)
    actual, score = generator.integers(0, 5, 100).astype(float), generator.normal(size=100)
    figures = metrics.value_figures(actual, [score])[0]
    assert figures["spearman"] == pytest.approx(spearmanr(actual, score)[0])


def test_top_decile_shares_by_hand() -> None:
    actual = np.array([0.0, 0, 0, 0, 0, 0, 0, 10, 30, 60])
    figures = metrics.value_figures(actual, [np.arange(10)[::-1] + 0.0])[0]
    assert figures["top_decile_value_share"] == 0
    figures = metrics.value_figures(actual, [np.array([0, 0, 0, 0, 0, 0, 0, 1, 3, 2.0])])[0]
    assert figures["top_decile_value_share"] == pytest.approx(0.3)
    assert figures["top_decile_ideal_share"] == pytest.approx(0.5)


def test_macro_area_is_the_mean_over_classes() -> None:
    target = np.array([0, 0, 1, 1, 2, 2])
    chances = np.eye(3)[target] * 0.8 + 0.05
    assert metrics.macro_roc_auc(target, chances) == pytest.approx(1)
    assert np.isnan(metrics.macro_roc_auc(np.zeros(6), chances))


def test_intervals_hold_the_middle_share() -> None:
    low, high = metrics.interval(np.arange(101.0), coverage=0.9)
    assert (low, high) == (pytest.approx(5), pytest.approx(95))
