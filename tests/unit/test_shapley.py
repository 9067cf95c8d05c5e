"""Shapley values of a function of a few arguments."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.shapley import shapley_parts

OWN, REFERENCE = np.array([[3.0, 5.0, 7.0], [1.0, 2.0, 0.0]]), np.array([1.0, 2.0, 4.0])


def worths(function: object) -> list[np.ndarray]:
    mixtures = []
    for mixture in range(8):
        is_own = np.array([mixture >> bit & 1 for bit in range(3)], dtype=bool)
        mixtures.append(function(*np.where(is_own, OWN, REFERENCE).T))
    return mixtures


def test_arguments_of_a_sum_get_their_own_differences() -> None:
    parts = shapley_parts(worths(lambda a, b, c: 2 * a + b - c))
    np.testing.assert_allclose(parts, [[4, 3, -3], [0, 0, 4]])


def test_parts_of_any_function_sum_to_its_difference() -> None:
    parts = shapley_parts(worths(lambda a, b, c: a * b**2 / (1 + c) + np.exp(-a * c)))
    whole = worths(lambda a, b, c: a * b**2 / (1 + c) + np.exp(-a * c))
    np.testing.assert_allclose(parts.sum(axis=1), whole[-1] - whole[0])
    # the second row has the reference's first two numbers
    np.testing.assert_allclose(parts[1, :2], 0)


def test_what_arguments_do_together_is_shared_alike() -> None:
    parts = shapley_parts(worths(lambda a, b, c: (a - 1) * (b - 2) * (c > 0)))
    np.testing.assert_allclose(parts[0], [3, 3, 0])


def test_mixtures_of_no_number_of_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="6 mixtures"):
        shapley_parts([np.zeros(1)] * 6)
