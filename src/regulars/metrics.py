"""Figures that judge predictions, with bootstrap intervals.

Resamples are drawn as multinomial weights of the rows, so that a figure is computed for all resamples at
once from one sorting. Paired differences use the same weights for both models.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

# Bins of the expected calibration error, of equal count.
CALIBRATION_BINS = 10

# Probabilities are kept this far from 0 and 1 for the log loss.
EDGE = 1e-6

# Share of customers that a campaign might reach.
TOP_SHARE = 0.1


def bootstrap_weights(rows: int, *, resamples: int, random_state: int) -> np.ndarray:
    """How often each row occurs in each resample, shape (resamples, rows)."""
    generator = np.random.default_rng(random_state)
    return generator.multinomial(rows, np.full(rows, 1 / rows), size=resamples).astype(float)


def weighted_roc_auc(target: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC-AUC under each row of weights; equal scores count half.

    Args:
        target: 0 or 1, shape (n,).
        score: Higher is likelier 1, shape (n,).
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,); NaN where a class is missing.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    sorted_weights = weights[:, order]
    positive = _sum_groups(sorted_weights * target[order], starts)
    negative = _sum_groups(sorted_weights, starts) - positive
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, (positive * below).sum(axis=1) / pairs, np.nan)


def _sum_groups(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums over runs of columns; where every column is a run, the columns themselves."""
    if len(starts) == values.shape[1]:
        return values
    return np.add.reduceat(values, starts, axis=1)


def weighted_gini(actual: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Normalised Gini under each row of weights: 1 where the score orders as the actual values do.

    Args:
        actual: Money, shape (n,).
        score: Higher is likelier to be worth more, shape (n,); equal scores share alike.
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,); NaN where nothing was bought.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return _gini(actual, score, weights) / _gini(actual, actual, weights)


def _gini(actual: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    sorted_weights = weights[:, order]
    value = _sum_groups(sorted_weights * actual[order], starts)
    count = _sum_groups(sorted_weights, starts)
    below = np.cumsum(value, axis=1) - value / 2
    total, rows = value.sum(axis=1), count.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - 2 * (below * count).sum(axis=1) / (total * rows)


def weighted_spearman(actual: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlation of ranks (those of all rows) under each row of weights, shape (resamples,)."""
    left, right = rankdata(actual), rankdata(score)
    total = weights.sum(axis=1, keepdims=True)
    mean_left = (weights @ left[:, None]) / total
    mean_right = (weights @ right[:, None]) / total
    centred_left, centred_right = left - mean_left, right - mean_right
    covariance = (weights * centred_left * centred_right).sum(axis=1)
    spread = (weights * centred_left**2).sum(axis=1) * (weights * centred_right**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, covariance / np.sqrt(spread), np.nan)


def weighted_brier(target: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared error of a probability under each row of weights, shape (resamples,)."""
    return (weights * (probability - target) ** 2).sum(axis=1) / weights.sum(axis=1)


def interval(values: np.ndarray, *, coverage: float) -> tuple[float, float]:
    """Middle share of a figure's resamples; NaN where the figure is."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)


def average_precision(target: np.ndarray, score: np.ndarray) -> float:
    """Area under the precision-recall curve in steps; equal scores enter together.

    Args:
        target: 0 or 1, shape (n,), at least one 1.
        score: Higher is likelier 1, shape (n,).
    """
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(score[order]) < 0, True])
    found = np.cumsum(target[order])[ends]
    return float(np.sum(np.diff(found, prepend=0.0) * found / (ends + 1)) / target.sum())


def mean_log_loss(target: np.ndarray, probability: np.ndarray) -> float:
    """Mean negative log likelihood of 0 or 1, probabilities kept off 0 and 1."""
    kept = np.clip(probability, EDGE, 1 - EDGE)
    return float(-np.mean(target * np.log(kept) + (1 - target) * np.log1p(-kept)))


def roc_auc(target: np.ndarray, score: np.ndarray) -> float:
    """ROC-AUC; NaN where a class is missing."""
    return float(weighted_roc_auc(target, score, np.ones((1, len(target))))[0])


def expected_calibration_error(target: np.ndarray, probability: np.ndarray) -> float:
    """Mean distance of predicted and actual rates over ten bins of equal count (Naeini et al. 2015)."""
    order = np.argsort(probability, kind="stable")
    bins = np.array_split(order, min(CALIBRATION_BINS, len(order)))
    gaps = [abs(probability[rows].mean() - target[rows].mean()) * len(rows) for rows in bins]
    return float(np.sum(gaps) / len(target))


def top_share(score: np.ndarray) -> np.ndarray:
    """Rows of the tenth with the highest scores, at least one; ties in the order of rows."""
    count = max(1, round(len(score) * TOP_SHARE))
    return np.argsort(-score, kind="stable")[:count]


def probability_figures(target: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Figures of a probability: NaN where a class is missing.

    Args:
        target: 0 or 1, shape (n,), at least one row.
        probability: Shape (n,).
    """
    base_rate = float(target.mean())
    brier = float(np.mean((probability - target) ** 2))
    both = 0 < base_rate < 1
    return {
        "base_rate": base_rate,
        "roc_auc": roc_auc(target, probability),
        "pr_auc": average_precision(target, probability) if both else float("nan"),
        "brier": brier,
        "brier_skill": 1 - brier / (base_rate * (1 - base_rate)) if both else float("nan"),
        "log_loss": mean_log_loss(target, probability),
        "calibration_error": expected_calibration_error(target, probability),
        "top_decile_precision": float(target[top_share(probability)].mean()),
        "predicted_to_actual": float(probability.sum() / target.sum())
        if base_rate
        else float("nan"),
    }


def value_figures(actual: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Figures of a forecast value (money): NaN where nothing was bought.

    Args:
        actual: Shape (n,), at least one row.
        predicted: Shape (n,).
    """
    every, total = np.ones((1, len(actual))), float(actual.sum())
    top = float(actual[top_share(predicted)].sum())
    ideal = float(actual[top_share(actual)].sum())
    return {
        "spearman": float(weighted_spearman(actual, predicted, every)[0]),
        "gini": float(weighted_gini(actual, predicted, every)[0]),
        "mean_absolute_error": float(np.mean(np.abs(predicted - actual))),
        "predicted_to_actual": float(predicted.sum() / total) if total > 0 else float("nan"),
        "top_decile_value_share": top / total if total > 0 else float("nan"),
        "top_decile_ideal_share": top / ideal if ideal > 0 else float("nan"),
    }


def macro_roc_auc(target: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean ROC-AUC of each class against the others; NaN where a class is missing.

    Args:
        target: Class numbers from 0, shape (n,).
        probabilities: Shape (n, classes).
    """
    areas = [
        roc_auc((target == number).astype(float), probabilities[:, number])
        for number in range(probabilities.shape[1])
    ]
    return float(np.mean(areas))
