"""Reasons of the served churn score: exact contributions to its logit, the strongest in words.

The logit is BG/NBD's, a third of each correction and the level shift. BG/NBD's logit counts for the
feature process_no_order_probability, as far as it lies from the mean; the linear heads contribute
coefficient times place, the trees their exact Shapley values. With the base they sum to the logit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.errors import UnusableInputError
from regulars.predictions.churn import CORRECTION_WEIGHT
from regulars.predictions.frame import SCORING_COLUMNS, read_frame
from regulars.predictions.recipes import FEATURES, Described, safe_logit
from regulars.predictions.score import Serving
from regulars.predictions.train import LABEL_DAYS
from regulars.threads import single_threaded

TOP_REASONS = 5
WORDING_COLUMNS = ("feature", "wording", "format")

# How a value of each format is written.
FORMATS = {
    "count": "{:,.0f}",
    "days": "{:,.0f} days",
    "money": "{:,.2f}",
    "number": "{:,.2f}",
    "share": "{:.0%}",
}


def churn_contributions(serving: Serving, described: Described) -> tuple[np.ndarray, float]:
    """Contributions to the served 90-day churn logit, and the base they are added to.

    Args:
        serving: With a forecaster.
        described: The customers.

    Returns:
        Contributions, shape (n, features), in the order of FEATURES; the base, the same for all.
    """
    forecaster = serving.forecaster
    own = np.zeros((len(described.places), len(FEATURES)))
    base = serving.process_centre + forecaster.churn_shifts[LABEL_DAYS]
    process = FEATURES.index("process_no_order_probability")
    own[:, process] = safe_logit(described.no_order[LABEL_DAYS]) - serving.process_centre
    if forecaster.churn:
        with single_threaded():
            heads = [head.contributions(described.centred) for head in forecaster.churn.heads]
            linear = np.mean(heads, axis=0)
            trees = forecaster.churn.trees.contributions(described.places)
        count = len(FEATURES)
        # each feature has a place and its square
        own += CORRECTION_WEIGHT * (linear[:, :count] + linear[:, count:-1] + trees[:, :-1])
        base += CORRECTION_WEIGHT * float(linear[0, -1] + trees[0, -1]) if len(trees) else 0.0
    return own, float(base)


def churn_reasons(
    serving: Serving, batch: pd.DataFrame | pa.Table, *, wordings: pd.DataFrame
) -> pd.DataFrame:
    """The strongest reasons of each customer's churn score, in words.

    Args:
        serving: As `read_registry` gives it.
        batch: Rows of the scoring date with the columns SCORING_COLUMNS of `frame`.
        wordings: Columns WORDING_COLUMNS, one row per feature.

    Returns:
        Columns customer_id, task, rank (1 is the strongest), feature, value, contribution (logit;
        positive raises the risk), sentence. No rows on the rung of segment rates.
    """
    words = _check_wordings(wordings)
    frame = read_frame(batch, columns=SCORING_COLUMNS, name="The batch")
    if serving.forecaster is None:
        return pd.DataFrame(columns=REASON_COLUMNS)
    with single_threaded():
        described = serving.forecaster.backbone.describe(frame)
    contributions, _ = churn_contributions(serving, described)
    order = np.argsort(-np.abs(contributions), axis=1, kind="stable")[:, :TOP_REASONS]
    customers = np.repeat(np.arange(len(frame)), order.shape[1])
    features = order.ravel()
    strength = contributions[customers, features]
    reasons = pd.DataFrame(
        {
            "customer_id": described.customer_ids[customers],
            "task": f"churn_{LABEL_DAYS}d",
            "rank": np.tile(np.arange(1, order.shape[1] + 1), len(frame)),
            "feature": np.array(FEATURES, dtype=object)[features],
            "value": described.values[customers, features],
            "contribution": strength,
        }
    )
    reasons["sentence"] = [
        _sentence(*words[FEATURES[feature]], value, place, part)
        for feature, value, place, part in zip(
            features,
            reasons["value"].to_numpy(),
            described.places[customers, features],
            strength,
            strict=True,
        )
    ]
    # a reason without weight is none
    return reasons[reasons["contribution"] != 0].reset_index(drop=True)


REASON_COLUMNS = (
    "customer_id",
    "task",
    "rank",
    "feature",
    "value",
    "contribution",
    "sentence",
)


def _check_wordings(wordings: pd.DataFrame) -> dict[str, tuple[str, str]]:
    read = wordings[list(WORDING_COLUMNS)].itertuples(index=False)
    words = {feature: (wording, form) for feature, wording, form in read}
    missing = [name for name in FEATURES if name not in words]
    unknown = sorted({form for _, form in words.values()} - {*FORMATS, "yes_no"})
    if missing or unknown:
        raise UnusableInputError(
            f"The wordings lack the features {', '.join(missing) or 'none'}; unknown formats: "
            f"{', '.join(unknown) or 'none'}."
        )
    return words


def _sentence(wording: str, form: str, value: float, place: float, contribution: float) -> str:
    effect = "raises" if contribution > 0 else "lowers"
    if np.isnan(value):
        return f"{wording}: none yet; this {effect} the risk of no order."
    if form == "yes_no":
        return f"{wording}: {'yes' if value else 'no'}; this {effect} the risk of no order."
    written = FORMATS[form].format(value)
    return f"{wording}: {written}, {_standing(place)}; this {effect} the risk of no order."


def _standing(place: float) -> str:
    if place >= 0.5:
        return f"more than {min(place, 0.99):.0%} of customers"
    return f"less than {min(1 - place, 0.99):.0%} of customers"
