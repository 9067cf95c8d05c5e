"""Maximum likelihood in a few log-parameters, with an honest account of whether it was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from regulars.btyd.inputs import FloatArray
from regulars.threads import single_threaded

Objective = Callable[[FloatArray], tuple[float, FloatArray]]

# Log-parameters may be this far from 0: a parameter of e^12, or e^-12, times its natural scale says
# that the model wants none of the variation that the parameter stands for.
BOUND = 12.0
NEAR_BOUND = 0.01
# Of the mean objective per customer, in units of log-likelihood per log-parameter.
GRADIENT_TOLERANCE = 1e-7
# Of the mean objective per customer: below this, a million customers leave a combination of
# log-parameters with a standard error of 3, so that a parameter may be 20 times more or less.
FLAT_CURVATURE = 1e-7
HESSIAN_STEP = 1e-4
NEWTON_STEPS = 20


@dataclass(frozen=True)
class Optimum:
    """Where a minimisation ended.

    Attributes:
        theta: Log-parameters, shape (k,).
        value: Objective there.
        gradient_norm: Largest absolute component of its gradient there.
        iterations: Iterations from the starting point that led here.
        converged: Whether it is a proper minimum inside the bounds.
        message: In words, why or why not.
    """

    theta: FloatArray
    value: float
    gradient_norm: float
    iterations: int
    converged: bool
    message: str


def minimise(
    objective: Objective, *, starts: Sequence[Sequence[float]], names: Sequence[str]
) -> Optimum:
    """Minimise a smooth function of a few log-parameters.

    L-BFGS-B runs from each starting point; the best end is polished by Newton steps, whose Hessian
    is the numerical derivative of the gradient. Nothing is random, and linear algebra runs in one
    thread: with matrices this small, more only wait for each other.

    Args:
        objective: Returns the value and the gradient, shape (k,), at log-parameters of shape (k,).
        starts: Starting points, each of k log-parameters.
        names: What the k log-parameters are called in messages.

    Returns:
        The best point found. It counts as converged only if everything is finite, the gradient
        vanishes, the Hessian is positive definite and no log-parameter is at its bound.
    """

    def finite_objective(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = objective(theta)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return np.inf, np.zeros_like(theta)
        return value, gradient

    with single_threaded():
        runs = [
            minimize(
                finite_objective,
                np.asarray(start, dtype=np.float64),
                jac=True,
                method="L-BFGS-B",
                bounds=[(-BOUND, BOUND)] * len(names),
                options={"maxiter": 500, "maxfun": 2000, "ftol": 1e-13, "gtol": 1e-6},
            )
            for start in starts
        ]
        best = min(runs, key=lambda run: run.fun)
        theta, value, gradient, steps = _polish(objective, np.array(best.x))
        return _judge(
            objective, theta, value, gradient, iterations=int(best.nit) + steps, names=list(names)
        )


def hessian(objective: Objective, theta: FloatArray) -> FloatArray:
    """Return the Hessian, shape (k, k), from central differences of the gradient."""
    columns = []
    for step in np.eye(len(theta)) * HESSIAN_STEP:
        above, below = objective(theta + step)[1], objective(theta - step)[1]
        columns.append((above - below) / (2 * HESSIAN_STEP))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2


def _polish(objective: Objective, theta: FloatArray) -> tuple[FloatArray, float, FloatArray, int]:
    """Take Newton steps as long as they make the gradient smaller and stay inside the bounds."""
    value, gradient = objective(theta)
    steps = 0
    while steps < NEWTON_STEPS and np.isfinite(value) and np.abs(gradient).max() > 1e-12:
        matrix = hessian(objective, theta)
        if not np.isfinite(matrix).all() or np.linalg.eigvalsh(matrix)[0] <= 0:
            break
        candidate = theta - np.linalg.solve(matrix, gradient)
        if np.abs(candidate).max() >= BOUND:
            break
        new_value, new_gradient = objective(candidate)
        if not np.abs(new_gradient).max() < np.abs(gradient).max():
            break
        theta, value, gradient, steps = candidate, new_value, new_gradient, steps + 1
    return theta, value, gradient, steps


def _judge(
    objective: Objective,
    theta: FloatArray,
    value: float,
    gradient: FloatArray,
    *,
    iterations: int,
    names: list[str],
) -> Optimum:
    """Say whether a point is a proper minimum."""
    norm = float(np.abs(gradient).max())
    at_bound = [
        name
        for name, position in zip(names, theta, strict=True)
        if abs(position) > BOUND - NEAR_BOUND
    ]
    if not (np.isfinite(value) and np.isfinite(norm)):
        converged, message = False, "The likelihood is not finite."
    elif at_bound:
        converged = False
        message = (
            f"No maximum inside the bounds: {', '.join(at_bound)} went towards 0 or infinity, so "
            "customers do not vary as the model describes."
        )
    elif not np.linalg.eigvalsh(hessian(objective, theta))[0] > FLAT_CURVATURE:
        converged = False
        message = (
            "The likelihood is flat where the search ended: the data do not determine the "
            "parameters."
        )
    elif norm > GRADIENT_TOLERANCE:
        converged = False
        message = f"The search ended where the gradient is still {norm:.1e}."
    else:
        converged, message = True, f"Converged; the gradient is {norm:.1e}."
    return Optimum(theta, float(value), norm, iterations, converged, message)
