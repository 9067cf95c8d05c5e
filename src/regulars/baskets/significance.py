"""Whether two things are in one order more often than chance puts them there."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

# What a pair is tested in: the level (category or product) and the segment.
FAMILY = ["level", "segment"]


def association_p_values(
    both: np.ndarray, of_a: np.ndarray, of_b: np.ndarray, orders: np.ndarray
) -> np.ndarray:
    """Chance of at least as many common orders if the two had nothing to do with each other.

    The binomial tail over the orders with the rarer of the two, each of which has the other with the
    share that all orders have. Fisher's exact test has a smaller variance, so this errs towards chance.

    Args:
        both: Orders with both, shape (n,).
        of_a: Orders with the one, shape (n,).
        of_b: Orders with the other, shape (n,).
        orders: All orders, shape (n,) or a number.

    Returns:
        One-sided p-values, shape (n,).
    """
    rarer, more_common = np.minimum(of_a, of_b), np.maximum(of_a, of_b)
    return binom.sf(both - 1, rarer, more_common / orders)


def false_discovery_rates(p_values: np.ndarray, tested: int) -> np.ndarray:
    """Smallest rate of false discoveries at which each is still one (Benjamini and Hochberg 1995).

    Args:
        p_values: Shape (n,).
        tested: How many tests there were, those whose p-value is not here (taken as 1) included.

    Returns:
        q-values, shape (n,), in the order of `p_values`.
    """
    order = np.argsort(p_values, kind="stable")
    rates = p_values[order] * tested / np.arange(1, len(order) + 1)
    q_values = np.empty(len(order))
    q_values[order] = np.minimum(np.minimum.accumulate(rates[::-1])[::-1], 1)
    return q_values


def judge_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Test pairs, family by family.

    Args:
        pairs: Columns level, segment, item_a, item_b, orders_with_both, orders_with_a, orders_with_b,
            order_count, tested_pairs (of the family, those that were never found together included).

    Returns:
        Columns level, segment, item_a, item_b, p_value, q_value, sorted by these keys.
    """
    keys = [*FAMILY, "item_a", "item_b"]
    tested = pairs.sort_values(keys, ignore_index=True)
    tested["p_value"] = association_p_values(
        *(tested[f"orders_with_{which}"].to_numpy() for which in ("both", "a", "b")),
        tested["order_count"].to_numpy(),
    )
    tested["q_value"] = np.nan
    for _, family in tested.groupby(FAMILY):
        rates = false_discovery_rates(
            family["p_value"].to_numpy(), int(family["tested_pairs"].iloc[0])
        )
        tested.loc[family.index, "q_value"] = rates
    return tested[[*keys, "p_value", "q_value"]]
