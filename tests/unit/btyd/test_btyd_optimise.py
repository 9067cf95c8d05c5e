"""The search finds minima, and says so only when it has found one."""

import numpy as np
import pytest

from regulars.btyd.optimise import BOUND, hessian, minimise

NAMES = ("first", "second")


def rosenbrock(theta):
    a, b = theta
    value = (1 - a) ** 2 + 100 * (b - a * a) ** 2
    return value, np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])


def run(objective, *starts):
    return minimise(objective, starts=starts or [(0.0, 0.0)], names=NAMES)


def test_a_curved_valley_is_followed_to_its_end():
    found = run(rosenbrock, (-1.2, 1.0))
    assert found.converged
    assert found.theta == pytest.approx([1, 1], abs=1e-12)
    assert found.gradient_norm < 1e-10
    assert found.message.startswith("Converged")


def test_the_best_of_the_starts_wins():
    def two_valleys(theta):  # at -2 and, deeper, near 2
        a, b = theta
        value = (a * a - 4) ** 2 / 8 - 0.3 * a + b * b
        return value, np.array([a * (a * a - 4) / 2 - 0.3, 2 * b])

    assert run(two_valleys, (-2.1, 0.1)).theta[0] < -1.5
    assert run(two_valleys, (-2.1, 0.1), (2.1, 0.1)).theta[0] > 1.5
    assert run(two_valleys, (2.1, 0.1), (-2.1, 0.1)).theta[0] > 1.5


def test_a_slope_without_end_is_no_minimum():
    found = run(lambda theta: (theta[0] + theta[1] ** 2, np.array([1.0, 2 * theta[1]])))
    assert not found.converged
    assert found.theta[0] == -BOUND
    assert "first went towards 0 or infinity" in found.message
    assert "second" not in found.message


def test_a_flat_valley_is_no_minimum():
    found = run(lambda theta: (theta.sum() ** 2, np.full(2, 2 * theta.sum())), (1.0, 2.0))
    assert not found.converged
    assert "flat" in found.message


def test_a_saddle_is_no_minimum():
    def saddle(theta):
        return theta[0] ** 2 - theta[1] ** 2, np.array([2 * theta[0], -2 * theta[1]])

    assert not run(saddle, (1.0, 0.0)).converged


def test_a_kink_is_no_success():
    def kink(theta):
        side = np.where(theta >= 0, 1.0, -1.0)
        return (np.abs(theta) + theta**2).sum(), side + 2 * theta

    found = run(kink, (1.0, 0.3))
    assert found.theta == pytest.approx([0, 0], abs=1e-3)
    assert not found.converged
    assert found.message == "The search ended where the gradient is still 1.0e+00."


def test_what_is_not_finite_is_no_success():
    found = run(lambda theta: (np.nan, np.full(2, np.nan)) if theta[0] else (np.nan, theta))
    assert not found.converged
    assert found.message == "The likelihood is not finite."


def test_the_hessian_is_that_of_the_function():
    expected = [[802.0, -400.0], [-400.0, 200.0]]
    assert hessian(rosenbrock, np.ones(2)) == pytest.approx(np.array(expected), abs=1e-4)
