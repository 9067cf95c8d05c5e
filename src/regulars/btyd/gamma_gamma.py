"""The Gamma-Gamma model: what a customer's orders are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from regulars.btyd.errors import InvalidHistoryError, NotFittedError
from regulars.btyd.inputs import (
    FloatArray,
    as_columns,
    check_counts,
    check_positive,
    check_ridge,
    check_weights,
    distinct_rows,
    refuse,
)
from regulars.btyd.optimise import minimise
from regulars.errors import InvalidSettingError

PARAMETERS = ("p", "q - 1", "gamma")
# Starting points of ln p, ln(q - 1), ln(gamma / geometric mean of the spend).
STARTS = ((1.0, 1.0, 1.0), (0.0, 1.0, 1.0), (2.0, 0.5, -1.0))


@dataclass(frozen=True)
class Spending:
    """Purchases and their mean value, reduced to what the likelihood needs.

    Attributes:
        customers: Sum of weights.
        counts: Distinct values of x, ascending, shape (k,).
        count_weights: Customers with each of them, shape (k,).
        log_total: Logarithm of x times mean spend, of each distinct pair of them, shape (n,).
        weights: Customers with each pair, shape (n,).
        purchases: Their purchases, shape (n,).
        log_spend_sum: Sum of the logarithm of mean spend over customers.
        is_constant: Whether all customers have the same mean spend.
    """

    customers: float
    counts: FloatArray
    count_weights: FloatArray
    log_total: FloatArray
    weights: FloatArray
    purchases: FloatArray
    log_spend_sum: float
    is_constant: bool

    @classmethod
    def from_rows(cls, x: FloatArray, mean_spend: FloatArray, weights: FloatArray) -> Self:
        """Group customers with equal values, whatever their order; weight 0 leaves one out."""
        (x, mean_spend), weights = distinct_rows(x, mean_spend, weights=weights)
        counts, count_index = np.unique(x, return_inverse=True)
        log_spend = np.log(mean_spend)
        return cls(
            customers=float(weights.sum()),
            counts=counts,
            count_weights=np.bincount(count_index, weights, len(counts)),
            log_total=np.log(x) + log_spend,
            weights=weights,
            purchases=weights * x,
            log_spend_sum=float((weights * log_spend).sum()),
            is_constant=bool((mean_spend == mean_spend[0]).all()),
        )


def log_likelihood(theta: FloatArray, spending: Spending) -> tuple[float, FloatArray]:
    """Return the Gamma-Gamma log-likelihood and its gradient in the log-parameters.

    Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", equation 1a: the density of
    the mean of x purchases, in logarithms throughout.

    Args:
        theta: ln p, ln(q - 1), ln gamma, shape (3,); gamma in the currency of the spend.
        spending: Distinct pairs of x and mean spend with their weights.

    Returns:
        The sum over customers, and its derivatives, shape (3,).
    """
    p, q_less_1 = np.exp(theta[:2])
    q = 1 + q_less_1
    counts, count_weights = spending.counts, spending.count_weights
    weights, purchases = spending.weights, spending.purchases

    # ln of the shares that gamma and x z have in gamma + x z
    log_ratio = spending.log_total - theta[2]
    smaller = np.exp(-np.abs(log_ratio))
    log_larger = -np.log1p(smaller)
    log_share_gamma = log_larger - np.maximum(log_ratio, 0)
    log_share_spend = log_larger + np.minimum(log_ratio, 0)
    share_gamma = np.where(log_ratio > 0, smaller, 1.0) / (1 + smaller)

    by_count = gammaln(p * counts + q) - gammaln(p * counts) - gammaln(q)
    by_count_q = digamma(p * counts + q)
    by_count_p = counts * (by_count_q - digamma(p * counts))
    sum_log_gamma = (weights * log_share_gamma).sum()
    sum_log_spend = (purchases * log_share_spend).sum()

    value = (
        (count_weights * by_count).sum()
        + q * sum_log_gamma
        + p * sum_log_spend
        - spending.log_spend_sum
    )
    d_p = (count_weights * by_count_p).sum() + sum_log_spend
    d_q = (count_weights * (by_count_q - digamma(q))).sum() + sum_log_gamma
    d_log_gamma = q * spending.customers - ((p * purchases + q * weights) * share_gamma).sum()
    return float(value), np.array([p * d_p, q_less_1 * d_q, d_log_gamma])


class GammaGamma:
    """What customers spend per purchase, given what they spent so far.

    The values of a customer's purchases vary like a gamma distribution of shape p, whose rate
    differs between customers like a gamma distribution (shape q, rate gamma). It is assumed not to
    depend on how often they buy.

    Sources: Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base
    Analysis"; Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value".

    Attributes:
        p_: Shape of the values of one customer's purchases.
        q_: Shape of the variation between customers, above 1, so that the population mean exists.
        gamma_: Its rate, in the currency of the spend (v in the paper of 2005).
        log_likelihood_: Log-likelihood of the customers used, without the ridge.
        converged_: Whether the parameters are a proper maximum that the data determine.
        message_: In words, why or why not.
        iterations_: Iterations of the search that led here.
        gradient_norm_: Largest derivative of what is minimised in a log-parameter.
        n_used_: Number of customers (rows) that the fit used.
        n_ignored_: Number of others: customers without repeat purchase or positive mean spend.

    The last seven exist only after `fit`.
    """

    p_: float
    q_: float
    gamma_: float
    log_likelihood_: float
    converged_: bool
    message_: str
    iterations_: int
    gradient_norm_: float
    n_used_: int
    n_ignored_: int

    def __init__(self, *, ridge: float) -> None:
        """Make an unfitted model.

        Args:
            ridge: What is minimised is the mean negative log-likelihood per unit of weight (per
                customer used) + ridge x ((ln p)² + (ln(q - 1))² + (ln(gamma / m))²), where m
                is the geometric mean of the spend, which makes the fit independent of the
                currency. It draws p to 1, q to 2 and gamma to m; its pull does not fade with more
                customers. 0 gives the maximum-likelihood estimate (with q > 1).

        Raises:
            InvalidSettingError: The ridge is negative or not a finite number.
        """
        self.ridge = check_ridge(ridge)

    @classmethod
    def from_parameters(cls, *, p: float, q: float, gamma: float) -> Self:
        """Return a model that predicts with stored parameters; it knows nothing of their fit.

        Raises:
            InvalidSettingError: A parameter is not a finite number above 0, or q is not above 1.
        """
        model = cls(ridge=0.0)
        model._set_parameters(**check_positive(p=p, q=q, gamma=gamma))
        if model.q_ <= 1:
            raise InvalidSettingError(f"q is {q}: it must be above 1 for the mean to exist.")
        return model

    def parameters(self) -> dict[str, float]:
        """Return p, q and gamma, as `from_parameters` takes them.

        Raises:
            NotFittedError: The model has no parameters.
        """
        p, q, gamma = self._fitted()
        return {"p": p, "q": q, "gamma": gamma}

    def fit(self, *, x: ArrayLike, mean_spend: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Estimate the parameters from repeat buyers with a positive mean spend.

        Other customers are ignored and counted. A fit that fails raises nothing: see `converged_`
        and `message_`. The order of the rows does not change the result in any bit.

        Args:
            x: Repeat purchases of each customer, shape (n,), whole numbers.
            mean_spend: Mean value of those purchases, shape (n,), in one currency; may be missing
                (NaN) where x = 0.
            weights: Customers that each row stands for, shape (n,); 1 unless given.

        Returns:
            This model, fitted.

        Raises:
            InvalidHistoryError: There are no rows, or no row can be used, or one is faulty.
        """
        x, mean_spend = _check_spending(x, mean_spend)
        weights = check_weights(weights, len(x))
        used = (weights > 0) & ~_takes_population_mean(x, mean_spend)
        if not used.any():
            raise InvalidHistoryError(
                f"None of {len(x)} customers has a repeat purchase and a positive mean spend."
            )
        spending = Spending.from_rows(x[used], mean_spend[used], weights[used])
        customers = spending.customers
        log_scale = np.array([0.0, 0.0, spending.log_spend_sum / customers])

        def objective(theta: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = log_likelihood(theta + log_scale, spending)
            return (
                -value / customers + self.ridge * (theta**2).sum(),
                -gradient / customers + 2 * self.ridge * theta,
            )

        optimum = minimise(objective, starts=STARTS, names=PARAMETERS)
        theta = optimum.theta + log_scale
        p, q_less_1, gamma = (float(value) for value in np.exp(theta))
        self._set_parameters(p=p, q=1 + q_less_1, gamma=gamma)
        self.log_likelihood_ = log_likelihood(theta, spending)[0]
        self.iterations_ = optimum.iterations
        self.gradient_norm_ = optimum.gradient_norm
        self.n_used_ = int(used.sum())
        self.n_ignored_ = int((weights > 0).sum()) - self.n_used_
        reason = _why_not_identified(spending)
        self.converged_ = optimum.converged and not reason
        self.message_ = reason or optimum.message
        return self

    def expected_mean_spend(self, *, x: ArrayLike, mean_spend: ArrayLike) -> FloatArray:
        """Return what each customer is expected to spend per purchase.

        Fader & Hardie (2013), equation 5: between the customer's own mean and the population's,
        closer to their own the more purchases it rests on. Customers without a repeat purchase or
        with a mean of 0 or less get the population mean: `takes_population_mean` says which.

        Args:
            x: Repeat purchases, shape (n,), whole numbers.
            mean_spend: Mean value of those purchases, shape (n,); may be missing where x = 0.

        Returns:
            Expected value of a purchase, shape (n,), in the currency of the fit.

        Raises:
            NotFittedError: The model has no parameters.
            InvalidHistoryError: A row is faulty.
        """
        p, q, gamma = self._fitted()
        x, mean_spend = _check_spending(x, mean_spend)
        own = ~_takes_population_mean(x, mean_spend)
        expected = np.full(len(x), self.population_mean())
        weight = p * x[own] / (p * x[own] + q - 1)
        expected[own] = weight * mean_spend[own] + p * gamma / (p * x[own] + q - 1)
        return expected

    def takes_population_mean(self, *, x: ArrayLike, mean_spend: ArrayLike) -> NDArray[np.bool_]:
        """Return who has no repeat purchase or no positive mean spend of their own, shape (n,).

        Raises:
            InvalidHistoryError: A row is faulty.
        """
        return _takes_population_mean(*_check_spending(x, mean_spend))

    def population_mean(self) -> float:
        """Return the expected value of a purchase of a customer not seen before.

        Fader & Hardie (2013): p gamma / (q - 1).

        Raises:
            NotFittedError: The model has no parameters.
        """
        p, q, gamma = self._fitted()
        return p * gamma / (q - 1)

    def _set_parameters(self, *, p: float, q: float, gamma: float) -> None:
        self.p_, self.q_, self.gamma_ = p, q, gamma

    def _fitted(self) -> tuple[float, float, float]:
        if not hasattr(self, "p_"):
            raise NotFittedError(
                "This GammaGamma has no parameters yet: call fit or GammaGamma.from_parameters "
                "first."
            )
        return self.p_, self.q_, self.gamma_


def _check_spending(x: ArrayLike, mean_spend: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, mean_spend = as_columns(x=x, mean_spend=mean_spend)
    check_counts(x)
    refuse(np.isinf(mean_spend), "mean_spend is infinite", x=x, mean_spend=mean_spend)
    refuse(
        np.isnan(mean_spend) & (x > 0),
        "mean_spend is missing for a customer with repeat purchases",
        x=x,
        mean_spend=mean_spend,
    )
    return x, mean_spend


def _takes_population_mean(x: FloatArray, mean_spend: FloatArray) -> NDArray[np.bool_]:
    return (x < 1) | ~(mean_spend > 0)


def _why_not_identified(spending: Spending) -> str:
    """Say why spending cannot determine three parameters; empty if it may."""
    if spending.is_constant:
        return "All customers spend the same, so the data do not determine how spend varies."
    # at a maximum the pairs' scores sum to 0, so k pairs determine k - 1 parameters at most
    if len(spending.weights) <= len(PARAMETERS):
        return (
            f"Distinct pairs of purchases and mean spend: {len(spending.weights)}, too few to "
            "determine three parameters."
        )
    return ""
