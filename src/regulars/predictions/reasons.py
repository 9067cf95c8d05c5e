"""Reasons of the served scores: the strongest contributions to them, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.errors import UnusableInputError
from regulars.predictions.contributions import (
    CHURN_TASK,
    NEXT_PURCHASE_TASK,
    VALUE_TASK,
    explain,
)
from regulars.predictions.frame import SCORING_COLUMNS, read_frame
from regulars.predictions.recipes import FEATURES, Described
from regulars.predictions.score import Serving
from regulars.threads import single_threaded
from regulars.wordings import FORMATS

TOP_REASONS = 5
WORDING_COLUMNS = ("feature", "wording", "format", "told_as")

# What a contribution raises or lowers, by task.
EFFECTS = {
    CHURN_TASK: "the risk of no order",
    VALUE_TASK: "the expected value",
    NEXT_PURCHASE_TASK: "the chance of an order within 30 days",
}

REASON_COLUMNS = (
    "customer_id",
    "task",
    "rank",
    "feature",
    "value",
    "contribution",
    "sentence",
)


@dataclass(frozen=True)
class Wordings:
    """How features are told.

    Attributes:
        words: Wording and format of each feature, in the order of FEATURES.
        told_as: Position of the feature that each is told as, shape (features,): mostly its own.
    """

    words: tuple[tuple[str, str], ...]
    told_as: np.ndarray

    def merged(self, contributions: np.ndarray) -> np.ndarray:
        """Contributions with those of a quantity under the feature that tells it, shape (n, features)."""
        merged = np.zeros_like(contributions)
        for feature, place in enumerate(self.told_as):
            merged[:, place] += contributions[:, feature]
        return merged


def read_wordings(wordings: pd.DataFrame) -> Wordings:
    """The wordings, checked.

    Args:
        wordings: Columns WORDING_COLUMNS, one row per feature; told_as is missing where a feature is
            told by itself.

    Raises:
        UnusableInputError: A feature has no words, a format is unknown, or a feature is told as one that
            is none or that is itself told as another.
    """
    read = {row.feature: row for row in wordings[list(WORDING_COLUMNS)].itertuples(index=False)}
    missing = [name for name in FEATURES if name not in read]
    unknown = sorted({row.format for row in read.values()} - {*FORMATS, "yes_no"})
    if missing or unknown:
        raise UnusableInputError(
            f"The wordings lack the features {', '.join(missing) or 'none'}; unknown formats: "
            f"{', '.join(unknown) or 'none'}."
        )
    told_as = {name: read[name].told_as for name in FEATURES}
    told_as = {name: name if pd.isna(other) else other for name, other in told_as.items()}
    lost = sorted({other for other in told_as.values() if told_as.get(other) != other})
    if lost:
        raise UnusableInputError(
            f"Wordings tell features as {', '.join(lost)}: no features, or themselves told as others."
        )
    return Wordings(
        tuple((read[name].wording, read[name].format) for name in FEATURES),
        np.array([FEATURES.index(told_as[name]) for name in FEATURES]),
    )


def customer_reasons(
    serving: Serving, batch: pd.DataFrame | pa.Table, *, wordings: Wordings
) -> pd.DataFrame:
    """The strongest reasons of each customer's scores, in words.

    Args:
        serving: As `read_registry` gives it.
        batch: Rows of the scoring date with the columns SCORING_COLUMNS of `frame`.
        wordings: As `read_wordings` gives them.

    Returns:
        Columns REASON_COLUMNS, up to five rows per customer and task: rank 1 is the strongest; the
        contribution is in the unit of its task (see `contributions`), positive raises the score. No rows
        on the rung of segment rates.
    """
    frame = read_frame(batch, columns=SCORING_COLUMNS, name="The batch")
    if serving.forecaster is None:
        return pd.DataFrame(columns=REASON_COLUMNS)
    with single_threaded():
        described = serving.forecaster.backbone.describe(frame)
    reasons = pd.concat(
        [
            _strongest(task, wordings.merged(explanation.contributions))
            for task, explanation in explain(serving, described).items()
        ],
        ignore_index=True,
    )
    customers, features = reasons["customer"].to_numpy(), reasons["feature"].to_numpy()
    facts = _facts(described, customers, features, wordings)
    raises = (reasons["contribution"] > 0).tolist()
    reasons["sentence"] = [
        f"{fact}; this {'raises' if more else 'lowers'} {EFFECTS[task]}."
        for fact, more, task in zip(facts, raises, reasons["task"].tolist(), strict=True)
    ]
    reasons["customer_id"] = described.customer_ids[customers]
    reasons["value"] = described.values[customers, features]
    reasons["feature"] = np.array(FEATURES, dtype=object)[features]
    return reasons[list(REASON_COLUMNS)]


def _strongest(task: str, contributions: np.ndarray) -> pd.DataFrame:
    """The largest contributions of each customer; customers and features by their position."""
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :TOP_REASONS]
    customers, features = np.repeat(np.arange(len(order)), order.shape[1]), order.ravel()
    reasons = pd.DataFrame(
        {
            "customer": customers,
            "task": task,
            "rank": np.tile(np.arange(1, order.shape[1] + 1), len(order)),
            "feature": features,
            "contribution": contributions[customers, features],
        }
    )
    # a reason without weight is none
    return reasons[reasons["contribution"] != 0]


def _facts(
    described: Described, customers: np.ndarray, features: np.ndarray, wordings: Wordings
) -> list[str]:
    """What is said of each pair of customer and feature; most occur for several tasks."""
    pairs, numbers = np.unique(customers * len(FEATURES) + features, return_inverse=True)
    rows, columns = np.divmod(pairs, len(FEATURES))
    told = zip(
        columns, described.values[rows, columns], described.places[rows, columns], strict=True
    )
    facts = [_fact(*wordings.words[feature], value, place) for feature, value, place in told]
    return [facts[number] for number in numbers]


def _fact(wording: str, form: str, value: float, place: float) -> str:
    if np.isnan(value):
        return f"{wording}: none yet"
    if form == "yes_no":
        return f"{wording}: {'yes' if value else 'no'}"
    return f"{wording}: {FORMATS[form].format(value)}, {_standing(place)}"


def _standing(place: float) -> str:
    if place >= 0.5:
        return f"more than {min(place, 0.99):.0%} of customers"
    return f"less than {min(1 - place, 0.99):.0%} of customers"
