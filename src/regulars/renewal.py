"""The rhythm of a customer's purchases as a renewal process with lognormal gaps.

The logarithms of a customer's gaps between purchase days are taken as normal. Customers with few gaps
borrow from all: their mean and variance are averages of their own and the pooled ones, weighted by the
number of gaps (the posterior means of a normal-inverse-gamma model; Gelman et al., Bayesian Data
Analysis, 3rd edition, section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import log_ndtr

# Gaps that the pooled mean and variance count for in a customer's own.
PRIOR_GAP_COUNT = 3.0

# What is assumed of log gaps where no customer has a gap: about a month, within a factor of about three.
FALLBACK_LOG_GAP_MEAN = float(np.log(30.0))
FALLBACK_LOG_GAP_VARIANCE = 1.0

# No variance below: gaps of exactly a week would make every eighth day impossible.
MINIMUM_LOG_GAP_VARIANCE = 0.05

RENEWAL_FEATURES = (
    "renewal_log_gap_mean",
    "renewal_log_gap_std",
    "renewal_overdue_score",
    "renewal_log_survival",
    "renewal_hazard",
    "renewal_probability_30d",
    "renewal_probability_90d",
)


@dataclass(frozen=True)
class RenewalPool:
    """What all customers of a snapshot say about log gaps.

    Attributes:
        log_gap_mean: Mean of log gaps in days.
        log_gap_variance: Variance of log gaps.
    """

    log_gap_mean: float
    log_gap_variance: float

    def parameters(self) -> dict[str, float]:
        """The pool as plain numbers, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, float]) -> RenewalPool:
        """The pool that `parameters` wrote."""
        return cls(**parameters)


def fit_renewal_pool(
    *, gap_count: np.ndarray, log_gap_sum: np.ndarray, log_gap_square_sum: np.ndarray
) -> RenewalPool:
    """Pool the gaps of a snapshot.

    Args:
        gap_count: Gaps between purchase days of each customer, shape (n,).
        log_gap_sum: Sum of the natural logarithms of the gaps in days; 0 without a gap.
        log_gap_square_sum: Sum of their squares; 0 without a gap.
    """
    gaps = float(gap_count.sum())
    if gaps < 2:
        return RenewalPool(FALLBACK_LOG_GAP_MEAN, FALLBACK_LOG_GAP_VARIANCE)
    mean = float(log_gap_sum.sum()) / gaps
    variance = float(log_gap_square_sum.sum()) / gaps - mean**2
    return RenewalPool(mean, max(variance, MINIMUM_LOG_GAP_VARIANCE))


def renewal_features(
    pool: RenewalPool,
    *,
    gap_count: np.ndarray,
    log_gap_sum: np.ndarray,
    log_gap_square_sum: np.ndarray,
    recency_days: np.ndarray,
) -> np.ndarray:
    """Seven features of the rhythm: see `RENEWAL_FEATURES`.

    Args:
        pool: The pooled mean and variance of the snapshot.
        gap_count: As for `fit_renewal_pool`.
        log_gap_sum: As for `fit_renewal_pool`.
        log_gap_square_sum: As for `fit_renewal_pool`.
        recency_days: Days since the last purchase, at least 1, shape (n,).

    Returns:
        Shape (n, 7): mean and standard deviation of log gaps; how overdue (standard deviations from the
        mean to the log of the current gap); log probability that a gap lasts so long; hazard (per day);
        probability of a purchase within 30 and 90 days, given the current gap.
    """
    weight = gap_count + PRIOR_GAP_COUNT
    mean = (log_gap_sum + PRIOR_GAP_COUNT * pool.log_gap_mean) / weight
    own = log_gap_square_sum - 2 * mean * log_gap_sum + gap_count * mean**2
    variance = (np.maximum(own, 0) + PRIOR_GAP_COUNT * pool.log_gap_variance) / weight
    std = np.sqrt(np.maximum(variance, MINIMUM_LOG_GAP_VARIANCE))
    recency = np.maximum(recency_days, 1.0)
    overdue = (np.log(recency) - mean) / std
    log_survival = log_ndtr(-overdue)
    log_density = -0.5 * overdue**2 - 0.5 * np.log(2 * np.pi) - np.log(recency * std)
    hazard = np.exp(log_density - log_survival)

    def probability_within(days: float) -> np.ndarray:
        later = (np.log(recency + days) - mean) / std
        return -np.expm1(log_ndtr(-later) - log_survival)

    return np.column_stack(
        [mean, std, overdue, log_survival, hazard, probability_within(30), probability_within(90)]
    )
