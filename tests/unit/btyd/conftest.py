"""Customers simulated by the models' stories, step by step, without their formulas."""

# ruff: noqa: N803, N806 - T is the papers' symbol

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest


@dataclass(frozen=True)
class Customers:
    """What is known of customers at T, and what they buy afterwards."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    purchases_after: np.ndarray

    @property
    def histories(self) -> dict[str, np.ndarray]:
        return {"x": self.x, "t_x": self.t_x, "T": self.T}


def simulate_customers(rng, *, T, horizon, r, alpha, a, b) -> Customers:
    """Buy at one's own rate; after each repeat purchase stop with one's own probability."""
    customers = len(T)
    rate, stops = rng.gamma(r, 1 / alpha, customers), rng.beta(a, b, customers)
    end = T + horizon
    clock, t_x = np.zeros(customers), np.zeros(customers)
    x, after = np.zeros(customers, dtype=int), np.zeros(customers, dtype=int)
    active = np.arange(customers)
    while len(active):
        clock[active] += rng.exponential(1 / rate[active])
        active = active[clock[active] <= end[active]]
        seen = active[clock[active] <= T[active]]
        x[seen] += 1
        t_x[seen] = clock[seen]
        after[active[clock[active] > T[active]]] += 1
        active = active[rng.random(len(active)) >= stops[active]]
    return Customers(x, t_x, T, after)


@pytest.fixture(scope="session")
def simulate():
    return simulate_customers


@pytest.fixture(scope="session")
def shop() -> Customers:
    """5,000 customers of a gift shop, in whole days, over two years."""
    rng = np.random.default_rng(20111209)
    T = np.floor(rng.uniform(1, 730, 5_000))
    customers = simulate_customers(rng, T=T, horizon=90, r=0.6, alpha=60, a=0.4, b=3.0)
    return Customers(customers.x, np.ceil(customers.t_x), T, customers.purchases_after)


@pytest.fixture(scope="session")
def shop_spend(shop) -> np.ndarray:
    """Their mean spend in pounds and pence; missing for one-time buyers."""
    rng = np.random.default_rng(20111210)
    rate = rng.gamma(3.7, 1 / 300, len(shop.x))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.array(
            [rng.gamma(2.5, 1 / nu, x).sum() for x, nu in zip(shop.x, rate, strict=True)]
        )
        return np.round(total / shop.x, 2)


@pytest.fixture(scope="session")
def cdnow() -> np.ndarray:
    """The CDNOW customers of the papers: ID, x, t_x, T in weeks, zbar in dollars."""
    path = Path(os.environ["REGULARS_REAL_DATA"]).parent / "cdnow" / "customers.csv"
    if not path.exists():
        pytest.skip(f"no CDNOW data at {path}")
    return np.genfromtxt(path, delimiter=",", names=True)


@pytest.fixture(scope="session")
def numerical_gradient():
    """Central differences, independent of any analytic derivative."""

    def differentiate(function, point, step=1e-5):
        point = np.asarray(point, dtype=float)
        return np.array(
            [
                (function(point + move) - function(point - move)) / (2 * step)
                for move in np.eye(len(point)) * step
            ]
        )

    return differentiate


@pytest.fixture(scope="session")
def standard_errors():
    """Standard errors from a log-likelihood's numerical Hessian."""

    def from_log_likelihood(function, point, step=1e-3):
        k = len(point)
        moves = np.eye(k) * step
        matrix = np.empty((k, k))
        for i in range(k):
            for j in range(k):
                matrix[i, j] = (
                    function(point + moves[i] + moves[j])
                    - function(point + moves[i] - moves[j])
                    - function(point - moves[i] + moves[j])
                    + function(point - moves[i] - moves[j])
                ) / (4 * step**2)
        return np.sqrt(np.diag(np.linalg.inv(-matrix)))

    return from_log_likelihood
