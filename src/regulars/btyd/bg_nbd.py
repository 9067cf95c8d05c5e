"""The BG/NBD model: how often customers buy, and when they stop."""

# ruff: noqa: N803, N806 - T is the papers' symbol, and t would be another

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, expit, gammaln

from regulars.btyd.errors import InvalidHistoryError, NotFittedError
from regulars.btyd.expectation import purchases_if_active
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
    """Purchase histories, reduced to what the likelihood needs.

    Most of the likelihood depends on x alone or on T alone, so it is summed over their few distinct
    values; only what tells who stopped needs the distinct histories themselves.

    Attributes:
        customers: Sum of weights.
        distinct: Number of distinct histories.
        counts: Distinct values of x, ascending, shape (k,).
        count_weights: Customers with each of them, shape (k,).
        ages: Distinct values of T, ascending, shape (m,).
        age_weights: Customers with each of them, shape (m,).
        age_purchases: Their repeat purchases, shape (m,).
        last_times: Distinct values of t_x, ascending, shape (l,).
        weights: Customers with each distinct history with x > 0, shape (n,).
        count_index: Place of its x in `counts`, shape (n,).
        age_index: Place of its T in `ages`, shape (n,).
        last_index: Place of its t_x in `last_times`, shape (n,).
    """

    customers: float
    distinct: int
    counts: FloatArray
    count_weights: FloatArray
    ages: FloatArray
    age_weights: FloatArray
    age_purchases: FloatArray
    last_times: FloatArray
    weights: FloatArray
    count_index: NDArray[np.intp]
    age_index: NDArray[np.intp]
    last_index: NDArray[np.intp]

    @classmethod
    def from_rows(cls, x: FloatArray, t_x: FloatArray, T: FloatArray, weights: FloatArray) -> Self:
        """Group customers with equal histories, whatever their order; weight 0 leaves one out."""
        (x, t_x, T), weights = distinct_rows(x, t_x, T, weights=weights)
        counts, count_index = np.unique(x, return_inverse=True)
        ages, age_index = np.unique(T, return_inverse=True)
        last_times, last_index = np.unique(t_x, return_inverse=True)
        repeat = x > 0
        return cls(
            customers=float(weights.sum()),
            distinct=len(x),
            counts=counts,
            count_weights=np.bincount(count_index, weights, len(counts)),
            ages=ages,
            age_weights=np.bincount(age_index, weights, len(ages)),
            age_purchases=np.bincount(age_index, weights * x, len(ages)),
            last_times=last_times,
            weights=weights[repeat],
            count_index=count_index[repeat],
            age_index=age_index[repeat],
            last_index=last_index[repeat],
        )


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
    counts, count_weights = histories.counts, histories.count_weights
    ages, age_weights = histories.ages, histories.age_weights
    weights, count_index = histories.weights, histories.count_index

    by_count = (
        (gammaln(r + counts) - gammaln(r))
        + (gammaln(b + counts) - gammaln(b))
        - (gammaln(a + b + counts) - gammaln(a + b))
    )
    by_count_r = digamma(r + counts) - digamma(r)
    by_count_a = digamma(a + b) - digamma(a + b + counts)
    by_count_b = by_count_a + digamma(b + counts) - digamma(b)

    log_age = np.log(alpha + ages)
    none_yet = -np.log1p(ages / alpha)  # ln(alpha / (alpha + T)), r times: no purchase until T

    # With a repeat purchase: still buying, or stopped right after the last one, with these odds.
    log_gain = (
        log_age[histories.age_index] - np.log(alpha + histories.last_times)[histories.last_index]
    )
    log_odds = (r + counts)[count_index] * log_gain
    # there is no ln of b + x - 1 for x = 0, which has no odds
    log_odds += (np.log(a) - np.log(np.maximum(b + counts - 1, b)))[count_index]
    excess = np.exp(-np.abs(log_odds))
    stopped = weights * np.where(log_odds > 0, 1.0, excess) / (1 + excess)
    stopped_by_count = np.bincount(count_index, stopped, len(counts))
    # derivative of log_gain in alpha
    gain_alpha = (1 / (alpha + ages))[histories.age_index]
    gain_alpha -= (1 / (alpha + histories.last_times))[histories.last_index]

    value = (
        (count_weights * by_count).sum()
        + r * (age_weights * none_yet).sum()
        - (histories.age_purchases * log_age).sum()
        + (weights * (np.maximum(log_odds, 0) + np.log1p(excess))).sum()
    )
    d_r = (
        (count_weights * by_count_r).sum()
        + (age_weights * none_yet).sum()
        + (stopped * log_gain).sum()
    )
    d_alpha = (
        r * (age_weights * (ages / alpha) / (alpha + ages)).sum()
        - (histories.age_purchases / (alpha + ages)).sum()
        + (stopped * (r + counts)[count_index] * gain_alpha).sum()
    )
    d_a = (count_weights * by_count_a).sum() + stopped_by_count.sum() / a
    d_b = (count_weights * by_count_b).sum() - (
        stopped_by_count / np.maximum(b + counts - 1, b)
    ).sum()
    return float(value), np.array([r * d_r, alpha * d_alpha, a * d_a, b * d_b])


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
        if not histories.distinct:
            raise InvalidHistoryError("There are no customers to fit a model to.")
        customers = histories.customers
        scale = float((histories.age_weights * histories.ages).sum() / customers) or 1.0
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
        if_active = purchases_if_active(horizon, x=x, T=T, r=r, alpha=alpha, a=a, b=b)
        return if_active * self._alive(x, t_x, T)

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
    if not len(histories.weights):
        return (
            "No customer bought again, so the data say nothing about a and b, which describe who "
            "stops after a repeat purchase."
        )
    # at a maximum the histories' scores sum to 0, so k histories determine k - 1 parameters at most
    if histories.distinct <= len(PARAMETERS):
        return (
            f"Distinct purchase histories: {histories.distinct}, too few to determine four "
            "parameters."
        )
    return ""
