"""Which method serves a task: the more data, the higher the rung; the reason is said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import (
    CHURN_HORIZONS,
    LABEL_DAYS,
    PROCESS,
    RECIPE,
    VALUE_HORIZONS,
    Origin,
    has_enough_outcomes,
)

SEGMENT_RATES = "segment_rates"

# Tasks with their horizons in days, in the order of the tables.
TASKS = (
    *(("churn", days) for days in CHURN_HORIZONS),
    *(("value", days) for days in VALUE_HORIZONS),
    ("next_purchase", LABEL_DAYS),
)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What there is to learn from on a date.

    Attributes:
        customer_count: Customers with an order.
        history_days: Days from the shop's first sale.
        origin_count: Earlier origins with a finished 90-day window.
        labelled_days: Days from the first of them to the date.
        has_outcomes: Whether the last of them has enough of each outcome.
        is_converged: Whether the purchase process was fitted.
    """

    customer_count: int
    history_days: int
    origin_count: int
    labelled_days: int
    has_outcomes: bool
    is_converged: bool


def gather_evidence(
    origins: Sequence[Origin],
    *,
    date: pd.Timestamp,
    first_date: pd.Timestamp,
    customer_count: int,
    settings: PredictionSettings,
) -> Evidence:
    """Measure what there is to learn from on a date.

    Args:
        origins: Described snapshots; those after the date are not looked at.
        date: First day that is not counted.
        first_date: Day of the shop's first sale.
        customer_count: Customers on the date.
        settings: Business numbers.
    """
    earlier = [origin for origin in origins if origin.date < date]
    examples = [(origin.date, origin.example(known_on=date)) for origin in earlier]
    known = [(day, example) for day, example in examples if example is not None]
    own = [origin for origin in origins if origin.date == date]
    return Evidence(
        customer_count=customer_count,
        history_days=(date - first_date).days,
        origin_count=len(known),
        labelled_days=(date - known[0][0]).days if known else 0,
        has_outcomes=bool(known)
        and has_enough_outcomes(known[-1][1], count=settings.recipe_from_outcomes),
        is_converged=bool(own and own[0].backbone.process.converged_),
    )


def choose_rung(evidence: Evidence, *, settings: PredictionSettings) -> tuple[str, str]:
    """The rung that the data allow, and the reason in words."""
    if evidence.customer_count < settings.segment_rates_below_customers:
        return SEGMENT_RATES, (
            f"{evidence.customer_count} customers are fewer than the "
            f"{settings.segment_rates_below_customers} that a purchase process needs."
        )
    if evidence.history_days < settings.segment_rates_below_days:
        return SEGMENT_RATES, (
            f"{evidence.history_days} days of history are fewer than the "
            f"{settings.segment_rates_below_days} that a purchase process needs."
        )
    if not evidence.is_converged:
        return SEGMENT_RATES, "The purchase process found no stable estimate on these customers."
    lack = _what_the_recipe_lacks(evidence, settings)
    if lack:
        return PROCESS, lack
    return RECIPE, (
        f"{evidence.customer_count} customers and {evidence.origin_count} origins over "
        f"{evidence.labelled_days} days are enough for the full recipe."
    )


def _what_the_recipe_lacks(evidence: Evidence, settings: PredictionSettings) -> str:
    if evidence.customer_count < settings.recipe_from_customers:
        return (
            f"{evidence.customer_count} customers are fewer than the "
            f"{settings.recipe_from_customers} that the full recipe needs."
        )
    if evidence.origin_count < settings.recipe_from_origins:
        return (
            f"{evidence.origin_count} origins with a finished window are fewer than the "
            f"{settings.recipe_from_origins} that the full recipe needs."
        )
    if evidence.labelled_days < settings.recipe_from_labelled_days:
        return (
            f"Windows over {evidence.labelled_days} days are fewer than the "
            f"{settings.recipe_from_labelled_days} days that the full recipe needs."
        )
    if not evidence.has_outcomes:
        return (
            f"The last finished window has fewer than {settings.recipe_from_outcomes} customers of "
            "an outcome, or no order within 30 days or later."
        )
    return ""
