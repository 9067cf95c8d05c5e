"""Exact Shapley values of a function of a few arguments, against a reference.

Shapley (1953), A Value for n-Person Games. An argument's part is what changes when it takes a row's own
value instead of the reference's, averaged over all orders in which the arguments may do so. The parts sum
to the difference between the row and the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np


def shapley_parts(worths: Sequence[np.ndarray]) -> np.ndarray:
    """Split a function's difference to a reference among its arguments.

    Args:
        worths: The function for each of the 2^k mixtures of own and reference values, shape (n,) each; in
            the mixture numbered m the arguments whose bit is set in m take the row's own value.

    Returns:
        Parts, shape (n, k): they sum to the last mixture's worth less the first's.

    Raises:
        ValueError: The number of mixtures is no power of two.
    """
    count = len(worths).bit_length() - 1
    if len(worths) != 2**count:
        raise ValueError(f"{len(worths)} mixtures: 2^k are needed for k arguments.")
    parts = np.zeros((len(worths[0]), count))
    for mixture, worth in enumerate(worths):
        size = mixture.bit_count()
        for argument in range(count):
            if not mixture >> argument & 1:
                orders = factorial(size) * factorial(count - size - 1) / factorial(count)
                parts[:, argument] += orders * (worths[mixture | 1 << argument] - worth)
    return parts
