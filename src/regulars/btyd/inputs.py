"""Checks of purchase histories, and their reduction to distinct ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regulars.btyd.errors import InvalidHistoryError
from regulars.errors import InvalidSettingError

FloatArray = NDArray[np.float64]


def check_ridge(ridge: float) -> float:
    """Return the ridge as a float.

    Raises:
        InvalidSettingError: It is negative or not a finite number.
    """
    if not (math.isfinite(ridge) and ridge >= 0):
        raise InvalidSettingError(f"ridge is {ridge}: it must be a finite number of at least 0.")
    return float(ridge)


def check_positive(**parameters: float) -> dict[str, float]:
    """Return the parameters as floats.

    Raises:
        InvalidSettingError: One of them is not a finite number above 0.
    """
    for name, value in parameters.items():
        if not (math.isfinite(value) and value > 0):
            raise InvalidSettingError(f"{name} is {value}: it must be a finite number above 0.")
    return {name: float(value) for name, value in parameters.items()}


def as_columns(**columns: ArrayLike) -> list[FloatArray]:
    """Return columns of one number per customer as float arrays of equal length.

    Raises:
        InvalidHistoryError: A column is not one-dimensional or not of numbers, or lengths differ.
    """
    arrays = []
    for name, column in columns.items():
        try:
            array = np.asarray(column, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidHistoryError(f"{name} is not a column of numbers: {error}.") from error
        if array.ndim != 1:
            raise InvalidHistoryError(
                f"{name} has {array.ndim} dimensions: it must have one number per customer."
            )
        arrays.append(array + 0.0)  # a copy, in which -0.0 is 0.0
    lengths = {name: len(array) for name, array in zip(columns, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        described = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidHistoryError(f"Columns differ in length: {described}.")
    return arrays


def refuse(wrong: NDArray[np.bool_], reason: str, **columns: FloatArray) -> None:
    """Raise an error that names the first wrong row and its values.

    Raises:
        InvalidHistoryError: Any row is wrong.
    """
    if not wrong.any():
        return
    row = int(wrong.argmax())
    values = ", ".join(f"{name} = {column[row]:g}" for name, column in columns.items())
    raise InvalidHistoryError(
        f"{reason} (row {row}, counted from 0: {values}; {int(wrong.sum())} such rows)."
    )


def check_counts(x: FloatArray) -> None:
    """Check numbers of repeat purchases.

    Raises:
        InvalidHistoryError: One is missing, negative or not whole.
    """
    refuse(~np.isfinite(x), "x is missing or infinite", x=x)
    refuse(x < 0, "x is negative", x=x)
    refuse(x != np.floor(x), "x is not a whole number of repeat purchases", x=x)


def check_histories(
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,  # noqa: N803 - the papers' symbol
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return x, t_x and T as float arrays of equal length.

    Raises:
        InvalidHistoryError: A value is missing, negative or at odds with the others.
    """
    x, t_x, T = as_columns(x=x, t_x=t_x, T=T)  # noqa: N806
    check_counts(x)
    refuse(~np.isfinite(t_x), "t_x is missing or infinite", t_x=t_x)
    refuse(~np.isfinite(T), "T is missing or infinite", T=T)
    refuse(T < 0, "T is negative", T=T)
    refuse(t_x < 0, "t_x is negative", t_x=t_x)
    refuse(t_x > T, "t_x is later than T", t_x=t_x, T=T)
    refuse((x == 0) & (t_x > 0), "t_x is above 0 without a repeat purchase", x=x, t_x=t_x)
    return x, t_x, T


def check_horizon(horizon: ArrayLike, customers: int) -> FloatArray:
    """Return the horizon of each customer.

    Raises:
        InvalidHistoryError: It is missing, negative or infinite, or of another length.
    """
    (horizon,) = as_columns(horizon=np.atleast_1d(horizon))
    if len(horizon) not in (1, customers):
        raise InvalidHistoryError(
            f"horizon has {len(horizon)} values for {customers} customers: it must have one for "
            "all or one for each."
        )
    refuse(~np.isfinite(horizon), "horizon is missing or infinite", horizon=horizon)
    refuse(horizon < 0, "horizon is negative", horizon=horizon)
    return np.broadcast_to(horizon, (customers,))


def check_weights(weights: ArrayLike | None, customers: int) -> FloatArray:
    """Return the weight of each customer, 1 unless given.

    Raises:
        InvalidHistoryError: One is missing, negative or infinite, or they are of another length.
    """
    if weights is None:
        return np.ones(customers)
    weights = as_columns(weights=weights)[0]
    if len(weights) != customers:
        raise InvalidHistoryError(f"weights has {len(weights)} values for {customers} customers.")
    refuse(~np.isfinite(weights), "weights is missing or infinite", weights=weights)
    refuse(weights < 0, "weights is negative", weights=weights)
    return weights


def distinct_rows(
    *columns: FloatArray, weights: FloatArray
) -> tuple[tuple[FloatArray, ...], FloatArray]:
    """Reduce rows to the distinct ones, each with the sum of its weights.

    Rows are sorted by column, and within equal rows by weight, so that the result does not depend
    on the order of the rows in any bit. Rows without weight are left out.

    Args:
        *columns: The n rows' values, each of shape (n,).
        weights: Weight of each row, shape (n,).

    Returns:
        The columns and the weights of the distinct rows, in ascending order.
    """
    kept = weights > 0
    columns, weights = tuple(column[kept] for column in columns), weights[kept]
    order = np.lexsort((weights, *reversed(columns)))
    columns, weights = tuple(column[order] for column in columns), weights[order]
    is_first = np.ones(len(weights), dtype=bool)
    if len(weights):
        is_first[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    starts = np.flatnonzero(is_first)
    sums = np.add.reduceat(weights, starts) if len(starts) else weights
    return tuple(column[starts] for column in columns), sums
