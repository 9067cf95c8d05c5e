"""Figures that judge predictions, with bootstrap intervals.

Resamples are drawn as multinomial weights of the rows, so that a figure is computed for all resamples at
once from one sorting. Paired differences use the same weights for both models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Bins of the expected calibration error, of equal count.
CALIBRATION_BINS = 10

# Probabilities are kept this far from 0 and 1 for the log loss.
EDGE = 1e-6

# Share of customers that a campaign might reach.
TOP_SHARE = 0.1

# Resamples whose weights are summed at once: they stay in the processor's cache.
RESAMPLES_AT_ONCE = 16


def bootstrap_weights(rows: int, *, resamples: int, random_state: int) -> np.ndarray:
    """How often each row occurs in each resample, whole numbers, shape (resamples, rows)."""
    generator = np.random.default_rng(random_state)
    weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=resamples)
    return weights.astype(np.int32)


def weighted_roc_auc(target: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """ROC-AUC under each row of weights; equal scores count half.

    Args:
        target: 0 or 1, shape (n,).
        score: Higher is likelier 1, shape (n,) or (models, n).
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,) or (models, resamples); NaN where a class is missing.
    """
    positive = weights @ target
    pairs = positive * (weights.sum(axis=1) - positive)
    ranks = np.array([_rank_sums(target, one, weights) for one in np.atleast_2d(score)])
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = np.where(pairs > 0, (ranks + pairs) / (2 * pairs), np.nan)
    return areas.reshape(*score.shape[:-1], -1)


def weighted_gini(actual: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Normalised Gini under each row of weights: 1 where the score orders as the actual values do.

    Args:
        actual: Money, shape (n,).
        score: Higher is likelier to be worth more, shape (n,) or (models, n); equal scores share alike.
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,) or (models, resamples); NaN where nothing was bought.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ranks = np.array([_rank_sums(actual, one, weights) for one in np.atleast_2d(score)])
        return (ranks / _rank_sums(actual, actual, weights)).reshape(*score.shape[:-1], -1)


def weighted_spearman(actual: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlation of ranks (those of all rows) under each row of weights.

    Args:
        actual: Shape (n,).
        score: Shape (n,) or (models, n).
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,) or (models, resamples); NaN where ranks are all equal.
    """
    left, *right = (_centred_ranks(one) for one in (actual, *np.atleast_2d(score)))
    right = np.array(right)
    total = weights.sum(axis=1)
    # halves and quarters, summed without rounding, so that equal ranks have no spread at all
    sums = weights @ np.vstack([left, left**2, right, right**2, right * left]).T
    sum_left, square_left = sums[:, 0], sums[:, 1]
    sum_right, square_right, product = np.split(sums[:, 2:].T, 3)
    covariance = total * product - sum_left * sum_right
    spread = (total * square_left - sum_left**2) * (total * square_right - sum_right**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(spread > 0, covariance / np.sqrt(spread), np.nan)
    return correlation.reshape(*score.shape[:-1], -1)


def weighted_brier(target: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared error of a probability under each row of weights.

    Args:
        target: 0 or 1, shape (n,).
        probability: Shape (n,) or (models, n).
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,) or (models, resamples).
    """
    return ((probability - target) ** 2 @ weights.T) / weights.sum(axis=1)


def _rank_sums(values: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of values times the weight below them less that above them by a score, under each row of weights.

    This is the area under the values' Lorenz curve, or under the ROC curve of values of 0 and 1, but for a
    constant and a factor.

    Args:
        values: Shape (n,).
        score: Shape (n,).
        weights: Shape (resamples, n).

    Returns:
        Shape (resamples,).
    """
    order, starts = _runs(score)
    sizes, has_ties = np.diff(starts, append=len(order)), len(starts) < len(order)
    ordered = values[order]
    sums = np.empty(len(weights))
    for first in range(0, len(weights), RESAMPLES_AT_ONCE):
        some = slice(first, first + RESAMPLES_AT_ONCE)
        own = np.take(weights[some], order, axis=1)
        until = np.cumsum(own, axis=1, dtype=own.dtype)
        every = until[:, -1:].copy()
        if has_ties:
            until = until[:, starts + sizes - 1]
            before = np.zeros_like(until)
            before[:, 1:] = until[:, :-1]
            ranks = np.repeat(before + until - every, sizes, axis=1)
        else:
            ranks = 2 * until - own - every
        sums[some] = np.multiply(ranks, own, dtype=float) @ ordered
    return sums


def _runs(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The order of a score, and where in it another score begins."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    return order, np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1]]))


def _centred_ranks(score: np.ndarray) -> np.ndarray:
    """Ranks around 0, equal scores sharing theirs, shape (n,)."""
    order, starts = _runs(score)
    sizes = np.diff(starts, append=len(order))
    ranks = np.empty(len(score))
    ranks[order] = np.repeat(starts + (sizes - len(order)) / 2, sizes)
    return ranks


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


def value_figures(actual: np.ndarray, predicted: Sequence[np.ndarray]) -> list[dict[str, float]]:
    """Figures of each of several forecasts of value (money): NaN where nothing was bought.

    Args:
        actual: Shape (n,), at least one row.
        predicted: Shape (n,) each.
    """
    every, total = np.ones((1, len(actual))), float(actual.sum())
    correlations = weighted_spearman(actual, np.array(predicted), every)[:, 0]
    ginis = weighted_gini(actual, np.array(predicted), every)[:, 0]
    tops = [float(actual[top_share(one)].sum()) for one in predicted]
    ideal = float(actual[top_share(actual)].sum())
    return [
        {
            "spearman": float(correlation),
            "gini": float(gini),
            "mean_absolute_error": float(np.mean(np.abs(one - actual))),
            "predicted_to_actual": float(one.sum() / total) if total > 0 else float("nan"),
            "top_decile_value_share": top / total if total > 0 else float("nan"),
            "top_decile_ideal_share": top / ideal if ideal > 0 else float("nan"),
        }
        for one, correlation, gini, top in zip(predicted, correlations, ginis, tops, strict=True)
    ]


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
