"""Recency, frequency and monetary value of any frame of orders, scored and segmented as the build does."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

import narwhals as nw
import numpy as np

from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.frames import read_native

Frame = TypeVar("Frame")

ORDER_COLUMNS = ("customer_id", "order_id", "ordered_at", "revenue")
RULE_COLUMNS = (
    "rule_set", "priority", "segment", "r_min", "r_max", "f_min", "f_max", "m_min", "m_max",
    "fm_min", "fm_max",
)  # fmt: skip
SCORES = 5
# Money is summed in whole ten-thousandths, so that the order of rows cannot change a digit.
_UNITS = 10_000


def rfm(orders: Frame, *, as_of: str | date) -> Frame:
    """Recency, frequency, monetary value and their scores of every customer.

    Args:
        orders: One row per order, or per part of an order: customer_id, order_id, ordered_at (a date or a
            time), revenue (money; returns are negative). Rows without a customer are left out.
        as_of: First day that is not counted.

    Returns:
        A frame of the same kind, sorted by customer_id: recency_days (from the last purchase to `as_of`),
        frequency (orders), monetary, r_score, f_score, m_score, rfm_score.

    Raises:
        MissingColumnsError: A column is missing.
        InvalidSettingError: `as_of` is no date.
        UnusableInputError: No order lies before `as_of`.
    """
    day = _day(as_of)
    read = read_native(orders, columns=ORDER_COLUMNS, name="The orders")
    known = read.filter(~nw.col("customer_id").is_null()).with_columns(
        nw.col("ordered_at").cast(nw.Date),
        (nw.col("revenue").cast(nw.Float64) * _UNITS).round(0).cast(nw.Int64).alias("units"),
    )
    counted = known.filter(nw.col("ordered_at") < nw.lit(day, nw.Date))
    if counted.is_empty():
        raise UnusableInputError(f"No order of a known customer lies before {day}.")
    values = (
        counted.group_by("customer_id")
        .agg(
            nw.col("ordered_at").max().alias("last_date"),
            nw.col("order_id").n_unique().alias("frequency"),
            nw.col("units").sum(),
        )
        .sort("customer_id")
    )
    recency = np.array([(day - last).days for last in values["last_date"].to_list()])
    frequency = values["frequency"].to_numpy().astype(np.int64)
    units = values["units"].to_numpy().astype(np.int64)
    r, f, m = equal_scores(-recency), equal_scores(frequency), equal_scores(units)
    columns = {
        "recency_days": recency,
        "frequency": frequency,
        "monetary": units / _UNITS,
        "r_score": r,
        "f_score": f,
        "m_score": m,
        "rfm_score": [f"{a}{b}{c}" for a, b, c in zip(r, f, m, strict=True)],
    }
    series = [
        nw.new_series(name, list(column), backend=values.implementation)
        for name, column in columns.items()
    ]
    return values.select("customer_id").with_columns(*series).to_native()


def segments(scored: Frame, *, rules: Frame, rule_set: str) -> Frame:
    """The segment of every customer, by rules such as the seed `segment_rules`.

    Args:
        scored: As `rfm` returns it.
        rules: Columns `RULE_COLUMNS`; the first rule (by priority) that fits decides.
        rule_set: Which of its rule sets.

    Returns:
        The frame with a column `segment`.

    Raises:
        MissingColumnsError: A column is missing.
        InvalidSettingError: There is no such rule set, or no rule fits a customer.
    """
    frame = nw.from_native(scored, eager_only=True)
    table = read_native(rules, columns=RULE_COLUMNS, name="The rules")
    own = table.filter(nw.col("rule_set") == rule_set).sort("priority").rows(named=True)
    if not own:
        known = sorted(set(table["rule_set"].to_list()))
        raise InvalidSettingError(f"There is no rule set {rule_set}; there are {', '.join(known)}.")
    r, f, m = (frame[f"{name}_score"].to_numpy().astype(int) for name in "rfm")
    fm = combined_score(f, m)
    found = np.full(len(r), None, dtype=object)
    for rule in reversed(own):
        fits = np.ones(len(r), dtype=bool)
        for name, score in (("r", r), ("f", f), ("m", m), ("fm", fm)):
            fits &= (score >= rule[f"{name}_min"]) & (score <= rule[f"{name}_max"])
        found[fits] = rule["segment"]
    if any(segment is None for segment in found):
        raise InvalidSettingError(f"The rule set {rule_set} has no rule for some scores.")
    series = nw.new_series("segment", list(found), backend=frame.implementation)
    return frame.with_columns(series).to_native()


def purchase_histories(orders: Frame, *, as_of: str | date) -> Frame:
    """What `regulars.BGNBD` and `regulars.GammaGamma` are fitted to, in days.

    Args:
        orders: As for `rfm`.
        as_of: First day that is not counted.

    Returns:
        A frame of the same kind, sorted by customer_id: x (days with a purchase after the first), t_x (days
        from the first to the last; not the days since the last), T (days from the first to `as_of`),
        mean_spend (mean revenue of the days after the first; missing where x = 0).

    Raises:
        MissingColumnsError: A column is missing.
        InvalidSettingError: `as_of` is no date.
        UnusableInputError: No order lies before `as_of`.
    """
    day = _day(as_of)
    read = read_native(orders, columns=ORDER_COLUMNS, name="The orders")
    days = (
        read.filter(~nw.col("customer_id").is_null())
        .with_columns(nw.col("ordered_at").cast(nw.Date), nw.col("revenue").cast(nw.Float64))
        .filter(nw.col("ordered_at") < nw.lit(day, nw.Date))
        .group_by("customer_id", "ordered_at")
        .agg(nw.col("revenue").sum())
        .sort("customer_id", "ordered_at")
    )
    if days.is_empty():
        raise UnusableInputError(f"No order of a known customer lies before {day}.")
    histories: dict[str, list[tuple[date, float]]] = {}
    for customer_id, bought_on, revenue in days.rows():
        histories.setdefault(customer_id, []).append((bought_on, revenue))
    columns: dict[str, list[object]] = {
        "customer_id": list(histories),
        "x": [len(own) - 1 for own in histories.values()],
        "t_x": [(own[-1][0] - own[0][0]).days for own in histories.values()],
        "T": [(day - own[0][0]).days for own in histories.values()],
        "mean_spend": [
            sum(revenue for _, revenue in own[1:]) / (len(own) - 1) if len(own) > 1 else None
            for own in histories.values()
        ],
    }
    types = {"customer_id": nw.String, "x": nw.Int64, "t_x": nw.Int64, "T": nw.Int64, "mean_spend": nw.Float64}  # fmt: skip
    return nw.from_dict(columns, types, backend=days.implementation).to_native()


def equal_scores(values: np.ndarray) -> np.ndarray:
    """Scores from 1 to 5, the fifth of the values' mean ranks: equal values always score equally.

    As macro `rfm_score` has it.

    Args:
        values: Shape (customers,); larger values score higher.

    Returns:
        Whole numbers, shape (customers,).
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    lowest = np.cumsum(counts) - counts + 1
    doubled = 2 * lowest + counts - 2
    return np.minimum(SCORES, SCORES * doubled // (2 * len(values)) + 1)[place]


def combined_score(f_score: np.ndarray, m_score: np.ndarray) -> np.ndarray:
    """The score of frequency and value together, as in int_segment_grid."""
    return (f_score + m_score + 1) // 2


def _day(as_of: str | date) -> date:
    if isinstance(as_of, date):
        return as_of
    try:
        return date.fromisoformat(as_of)
    except (TypeError, ValueError) as error:
        raise InvalidSettingError(f"as_of is no date such as 2011-12-10: {as_of!r}.") from error
