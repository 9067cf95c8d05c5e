"""The BG/NBD model: how often customers buy, and when they stop."""

# ruff: noqa: N803, N806 - T is the papers' symbol, and t would be another

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, expit, gammaln, hyp2f1

from regulars.btyd.errors import InvalidHistoryError, NotFittedError
from regulars.btyd.inputs import (
    FloatArray,
    check_histories,
    check_horizon,
    check_positive,
    check_ridge,
    check_weights,
    distinct_rows,
)
from regulars.btyd.optimise import minimise

PARAMETERS = ("r", "alpha", "a", "b")
# Starting points of ln r, ln(alpha / mean T), ln a, ln b: few or many purchases, early or late end.
STARTS = ((-1.0, -1.0, 0.0, 1.0), (0.0, 0.0, -1.0, 1.0), (0.7, -2.0, 1.0, 2.0))


@dataclass(frozen=True)
class Histories:
    """Distinct purchase histories, in ascending order of x, t_x and T.

    Attributes:
        x: Repeat purchases, shape (n,).
        t_x: Time from first to last purchase, shape (n,).
        T: Time from first purchase to now, shape (n,).
        weights: Number of customers with each history, shape (n,).
        counts: Distinct values of x, ascending, shape (m,).
        count_index: Place of each x in `counts`, shape (n,).
        first_repeat: Index of the first history with x > 0.
    """

    x: FloatArray
    t_x: FloatArray
    T: FloatArray
    weights: FloatArray
    counts: FloatArray
    count_index: NDArray[np.intp]
    first_repeat: int

    @classmethod
    def from_rows(cls, x: FloatArray, t_x: FloatArray, T: FloatArray, weights: FloatArray) -> Self:
        """Group customers with equal histories, whatever their order; weight 0 leaves one out."""
        (x, t_x, T), weights = distinct_rows(x, t_x, T, weights=weights)
        counts, count_index = np.unique(x, return_inverse=True)
        return cls(x, t_x, T, weights, counts, count_index, int(np.searchsorted(x, 0.5)))


def log_likelihood(theta: FloatArray, histories: Histories) -> tuple[float, FloatArray]:
    """Return the BG/NBD log-likelihood and its gradient in the log-parameters.

    Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", equation 6, in logarithms
    throughout, so that neither many purchases nor long times overflow.

    Args:
        theta: ln r, ln alpha, ln a, ln b, shape (4,); alpha in the unit of time of the histories.
        histories: Distinct histories of customers with their weights.

    Returns:
        The sum over customers, and its derivatives, shape (4,).
    """
    r, alpha, a, b = np.exp(theta)
    first = histories.first_repeat
    weights, T = histories.weights, histories.T
    x, t_x = histories.x[first:], histories.t_x[first:]
    counts, count_index = histories.counts, histories.count_index

    # what depends on x only, once per distinct x
    by_count = (
        (gammaln(r + counts) - gammaln(r))
        + (gammaln(b + counts) - gammaln(b))
        - (gammaln(a + b + counts) - gammaln(a + b))
    )
    shared = digamma(a + b) - digamma(a + b + counts)
    by_count_r = digamma(r + counts) - digamma(r)
    by_count_b = shared + digamma(b + counts) - digamma(b)

    survival = -np.log1p(T / alpha)  # ln(alpha / (alpha + T))
    value = by_count[count_index] + r * survival
    d_r = by_count_r[count_index] + survival
    d_alpha = r * (T / alpha) / (alpha + T)
    d_a = shared[count_index]
    d_b = by_count_b[count_index]

    # with a repeat purchase: still buying, or stopped right after the last purchase
    log_now = np.log(alpha + T[first:])
    log_gain = log_now - np.log(alpha + t_x)
    log_odds = np.log(a) - np.log(b + x - 1) + (r + x) * log_gain
    stopped = expit(log_odds)
    value[first:] += np.logaddexp(0.0, log_odds) - x * log_now
    d_r[first:] += stopped * log_gain
    d_alpha[first:] += -x / (alpha + T[first:]) - stopped * (r + x) * (T[first:] - t_x) / (
        (alpha + T[first:]) * (alpha + t_x)
    )
    d_a[first:] += stopped / a
    d_b[first:] -= stopped / (b + x - 1)

    gradient = [
        r * (weights * d_r).sum(),
        alpha * (weights * d_alpha).sum(),
        a * (weights * d_a).sum(),
        b * (weights * d_b).sum(),
    ]
    return float((weights * value).sum()), np.array(gradient)


class BGNBD:
    """When customers buy and when they stop (beta-geometric / negative binomial distribution).

    While active, a customer buys at random with a rate of their own, which varies between customers
    like a gamma distribution (shape r, rate alpha). After each purchase they stop for good with a
    probability of their own, which varies like a beta distribution (a, b). So nobody stops before a
    first repeat purchase: see `probability_alive`.

    Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the
    Pareto/NBD Model", Marketing Science 24(2).

    Attributes:
        r_: Shape of the purchase rate.
        alpha_: Rate parameter of the purchase rate, in the unit of time that was fitted.
        a_: First parameter of the probability to stop.
        b_: Second parameter of the probability to stop.
        log_likelihood_: Log-likelihood of all customers, without the ridge.
        converged_: Whether the parameters are a proper maximum that the data determine.
        message_: In words, why or why not.
        iterations_: Iterations of the search that led here.
        gradient_norm_: Largest derivative of what is minimised in a log-parameter.
        n_used_: Number of customers (rows) with a weight above 0.

    The last six exist only after `fit`.
    """

    r_: float
    alpha_: float
    a_: float
    b_: float
    log_likelihood_: float
    converged_: bool
    message_: str
    iterations_: int
    gradient_norm_: float
    n_used_: int

    def __init__(self, *, ridge: float) -> None:
        """Make an unfitted model.

        Args:
            ridge: What is minimised is the mean negative log-likelihood per unit of weight (per
                customer) + ridge x ((ln r)² + (ln(alpha / mean T))² + (ln a)² + (ln b)²). It
                draws parameters towards 1, and alpha towards the customers' mean T, which makes the
                fit independent of the unit of time. Its pull does not fade with more customers. 0
                gives the maximum-likelihood estimate.

        Raises:
            InvalidSettingError: The ridge is negative or not a finite number.
        """
        self.ridge = check_ridge(ridge)

    @classmethod
    def from_parameters(cls, *, r: float, alpha: float, a: float, b: float) -> Self:
        """Return a model that predicts with stored parameters; it knows nothing of their fit.

        Raises:
            InvalidSettingError: A parameter is not a finite number above 0.
        """
        model = cls(ridge=0.0)
        model._set_parameters(**check_positive(r=r, alpha=alpha, a=a, b=b))
        return model

    def parameters(self) -> dict[str, float]:
        """Return r, alpha, a and b, as `from_parameters` takes them.

        Raises:
            NotFittedError: The model has no parameters.
        """
        r, alpha, a, b = self._fitted()
        return {"r": r, "alpha": alpha, "a": a, "b": b}

    def fit(
        self, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None
    ) -> Self:
        """Estimate the parameters from all customers, one-time buyers included.

        A fit that fails raises nothing: see `converged_` and `message_`. Customers with equal
        histories are counted first, so a million of them take seconds; the order of the rows does
        not change the result in any bit.

        Args:
            x: Repeat purchases of each customer, shape (n,), whole numbers.
            t_x: Time from first to last purchase, shape (n,), 0 where x = 0.
            T: Time from first purchase to now, shape (n,), in the unit of t_x.
            weights: Customers that each row stands for, shape (n,); 1 unless given.

        Returns:
            This model, fitted.

        Raises:
            InvalidHistoryError: There are no rows, or a row contradicts itself.
        """
        x, t_x, T = check_histories(x, t_x, T)
        weights = check_weights(weights, len(x))
        histories = Histories.from_rows(x, t_x, T, weights)
        if not len(histories.x):
            raise InvalidHistoryError("There are no customers to fit a model to.")
        customers = histories.weights.sum()
        scale = float((histories.weights * histories.T).sum() / customers) or 1.0
        log_scale = np.array([0.0, np.log(scale), 0.0, 0.0])

        def objective(theta: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = log_likelihood(theta + log_scale, histories)
            return (
                -value / customers + self.ridge * (theta**2).sum(),
                -gradient / customers + 2 * self.ridge * theta,
            )

        optimum = minimise(objective, starts=STARTS, names=PARAMETERS)
        theta = optimum.theta + log_scale
        r, alpha, a, b = (float(value) for value in np.exp(theta))
        self._set_parameters(r=r, alpha=alpha, a=a, b=b)
        self.log_likelihood_ = log_likelihood(theta, histories)[0]
        self.iterations_ = optimum.iterations
        self.gradient_norm_ = optimum.gradient_norm
        self.n_used_ = int((weights > 0).sum())
        reason = _why_not_identified(histories)
        self.converged_ = optimum.converged and not reason
        self.message_ = reason or optimum.message
        return self

    def expected_purchases(
        self, horizon: ArrayLike, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
    ) -> FloatArray:
        """Return how many purchases each customer is expected to make within the horizon.

        Fader, Hardie & Lee (2005), equation 10.

        Args:
            horizon: Length of the time after T, one for all or shape (n,), in the unit of the fit.
            x: Repeat purchases, shape (n,).
            t_x: Time from first to last purchase, shape (n,).
            T: Time from first purchase to now, shape (n,).

        Returns:
            Expected purchases, shape (n,).

        Raises:
            NotFittedError: The model has no parameters.
            InvalidHistoryError: A row contradicts itself, or a horizon is negative or missing.
        """
        r, alpha, a, b = self._fitted()
        x, t_x, T = check_histories(x, t_x, T)
        horizon = check_horizon(horizon, len(x))
        # Euler's transformation 2F1(A, B; C; z) = (1 - z)^(C-A-B) 2F1(C-A, C-B; C; z) takes x out
        # of the first two arguments, and the power that could overflow cancels
        log_rest = np.log1p(horizon / (alpha + T))  # -ln(1 - z)
        z = horizon / (alpha + T + horizon)
        power = np.exp((1 - a) * log_rest) * hyp2f1(a - 1, a + b - 1 - r, a + b - 1 + x, z)
        if_alive = (a + b - 1 + x) / (a - 1) * (1 - power)
        return if_alive * self._alive(x, t_x, T)

    def probability_of_no_purchase(
        self, horizon: ArrayLike, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
    ) -> FloatArray:
        """Return the probability that a customer buys nothing within the horizon.

        It is 1 - P(alive) (1 - ((alpha + T) / (alpha + T + horizon))^(r + x)), since a customer who
        is active at T makes the next purchase at their own rate: equation 6's terms, once with T
        and once with T + horizon. This, and not P(alive), is the model's churn probability.

        Args:
            horizon: Length of the time after T, one for all or shape (n,), in the unit of the fit.
            x: Repeat purchases, shape (n,).
            t_x: Time from first to last purchase, shape (n,).
            T: Time from first purchase to now, shape (n,).

        Returns:
            Probabilities, shape (n,).

        Raises:
            NotFittedError: The model has no parameters.
            InvalidHistoryError: A row contradicts itself, or a horizon is negative or missing.
        """
        r, alpha, _, _ = self._fitted()
        x, t_x, T = check_histories(x, t_x, T)
        horizon = check_horizon(horizon, len(x))
        alive = self._alive(x, t_x, T)
        return 1 + alive * np.expm1(-(r + x) * np.log1p(horizon / (alpha + T)))

    def probability_alive(self, *, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> FloatArray:
        """Return the probability that a customer has not stopped for good by T.

        Source: Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model".

        **It is no churn score.** The model lets customers stop only after a repeat purchase, so it
        is exactly 1 for everyone with x = 0, however long ago they bought: those most likely to be
        gone. Use `probability_of_no_purchase`.

        Args:
            x: Repeat purchases, shape (n,).
            t_x: Time from first to last purchase, shape (n,).
            T: Time from first purchase to now, shape (n,).

        Returns:
            Probabilities, shape (n,).

        Raises:
            NotFittedError: The model has no parameters.
            InvalidHistoryError: A row contradicts itself.
        """
        self._fitted()
        return self._alive(*check_histories(x, t_x, T))

    def _alive(self, x: FloatArray, t_x: FloatArray, T: FloatArray) -> FloatArray:
        r, alpha, a, b = self._fitted()
        repeat = x > 0
        alive = np.ones(len(x))
        x, t_x, T = x[repeat], t_x[repeat], T[repeat]
        log_gain = np.log1p((T - t_x) / (alpha + t_x))
        alive[repeat] = expit(np.log(b + x - 1) - np.log(a) - (r + x) * log_gain)
        return alive

    def _set_parameters(self, *, r: float, alpha: float, a: float, b: float) -> None:
        self.r_, self.alpha_, self.a_, self.b_ = r, alpha, a, b

    def _fitted(self) -> tuple[float, float, float, float]:
        if not hasattr(self, "r_"):
            raise NotFittedError(
                "This BGNBD has no parameters yet: call fit or BGNBD.from_parameters first."
            )
        return self.r_, self.alpha_, self.a_, self.b_


def _why_not_identified(histories: Histories) -> str:
    """Say why histories cannot determine four parameters; empty if they may."""
    if histories.first_repeat == len(histories.x):
        return (
            "No customer bought again, so the data say nothing about a and b, which describe who "
            "stops after a repeat purchase."
        )
    # at a maximum the histories' scores sum to 0, so k histories determine k - 1 parameters at most
    if len(histories.x) <= len(PARAMETERS):
        return (
            f"There are {len(histories.x)} distinct purchase histories: too few to determine four "
            "parameters."
        )
    return ""
