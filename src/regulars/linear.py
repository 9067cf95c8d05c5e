"""Linear models with an offset and a ridge penalty, small and exact.

The logistic one is fitted by Newton's method (iteratively reweighted least squares; Hastie, Tibshirani
and Friedman, The Elements of Statistical Learning, 2nd edition, section 4.4.1). The coefficients correct
the offset: with a strong penalty the model is the offset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve
from scipy.special import expit

from regulars.threads import single_threaded

# Newton's method on a convex loss: it ends when no coefficient moves by more.
TOLERANCE = 1e-10
MAXIMUM_STEPS = 50

# Once no coefficient moves by more, the curvature is kept: each further step shrinks a thousandfold, and
# the curvature is what a step costs.
SETTLED = 1e-3

# Rows whose weighted features are multiplied at once: they stay in the processor's cache.
CURVATURE_ROWS = 1024

# Ridge of the intercept: none, but for the digits of the solver.
SMALLEST_RIDGE = 1e-9


@dataclass(frozen=True)
class LinearModel:
    """A linear score to be added to an offset.

    Attributes:
        intercept: Score where all features are zero.
        coefficients: Score per unit of each feature, shape (features,).
        is_converged: Whether the fit ended by itself.
    """

    intercept: float
    coefficients: np.ndarray
    is_converged: bool

    def scores(self, features: np.ndarray) -> np.ndarray:
        """The linear score, without offset, shape (n,)."""
        # not a product of matrices, whose last digit depends on how many rows there are
        return self.intercept + (features * self.coefficients).sum(axis=1)

    def contributions(self, features: np.ndarray) -> np.ndarray:
        """Each feature's part of the score, shape (n, features + 1); the last is the intercept."""
        parts = features * self.coefficients
        return np.column_stack([parts, np.full(len(features), self.intercept)])

    def parameters(self) -> dict[str, object]:
        """The model as plain numbers, ready for JSON."""
        return {
            "intercept": self.intercept,
            "coefficients": self.coefficients.tolist(),
            "is_converged": self.is_converged,
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, object]) -> LinearModel:
        """The model that `parameters` wrote."""
        return cls(
            float(parameters["intercept"]),
            np.asarray(parameters["coefficients"], dtype=np.float64),
            bool(parameters["is_converged"]),
        )


def fit_logistic(
    features: np.ndarray, target: np.ndarray, *, offset: np.ndarray, penalty: float
) -> LinearModel:
    """Fit a logistic model around an offset.

    Args:
        features: Numbers without gaps, shape (n, features), of comparable scale.
        target: 0 or 1, shape (n,).
        offset: Logit that each row starts from, shape (n,).
        penalty: Half the ridge penalty on the squared coefficients, in rows; the intercept is free.

    Returns:
        The model; `is_converged` says whether Newton's method ended by itself.
    """
    design = np.column_stack([features, np.ones(len(features))])
    ridge = np.full(design.shape[1], 2 * penalty)
    ridge[-1] = 0.0
    beta = np.zeros(design.shape[1])
    moved, hessian = np.inf, np.diag(ridge)
    with single_threaded():
        for _ in range(MAXIMUM_STEPS):
            mean = expit(offset + design @ beta)
            gradient = design.T @ (target - mean) - ridge * beta
            if moved > SETTLED:
                hessian = _curvature(design, mean) + np.diag(ridge)
                hessian[-1, -1] += SMALLEST_RIDGE
            step = solve(hessian, gradient, assume_a="pos")
            beta = beta + step
            moved = float(np.max(np.abs(step)))
            if moved < TOLERANCE:
                break
    return LinearModel(float(beta[-1]), beta[:-1], moved < TOLERANCE)


def _curvature(design: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Negative second derivatives of the log likelihood, shape (features, features)."""
    root = np.sqrt(np.maximum(mean * (1 - mean), 1e-9))[:, None]
    total = np.zeros((design.shape[1], design.shape[1]))
    for start in range(0, len(design), CURVATURE_ROWS):
        rows = slice(start, start + CURVATURE_ROWS)
        weighted = design[rows] * root[rows]
        total += weighted.T @ weighted  # of a matrix and itself: half of the work
    return total


def fit_ridge(features: np.ndarray, target: np.ndarray, *, penalty: float) -> LinearModel:
    """Fit least squares with a ridge penalty; the intercept is free.

    Args:
        features: Numbers without gaps, shape (n, features), of comparable scale.
        target: Shape (n,).
        penalty: Ridge penalty on the squared coefficients, in rows.
    """
    design = np.column_stack([features, np.ones(len(features))])
    ridge = np.full(design.shape[1], penalty)
    ridge[-1] = SMALLEST_RIDGE
    with single_threaded():
        beta = solve(design.T @ design + np.diag(ridge), design.T @ target, assume_a="pos")
    return LinearModel(float(beta[-1]), beta[:-1], True)
