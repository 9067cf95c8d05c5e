"""Which features the served models lean on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.predictions.contributions import (
    CHURN_TASK,
    NEXT_PURCHASE_TASK,
    VALUE_TASK,
    explain,
)
from regulars.predictions.recipes import FEATURES, Described
from regulars.predictions.score import Serving

# What each task is called beside the models' other figures.
TASK_NAMES = {CHURN_TASK: "churn", VALUE_TASK: "value", NEXT_PURCHASE_TASK: "next_purchase"}


def feature_importance(serving: Serving, described: Described | None) -> pd.DataFrame:
    """Importance by task, as shares that sum to 1.

    Churn, value and next purchase: mean absolute contribution to the served score over the customers.
    Ranking: share of the trees' gain.

    Returns:
        Columns task, measure, feature, importance, rank (1 is the most important); no rows without a
        forecaster.
    """
    forecaster = serving.forecaster
    if forecaster is None or described is None:
        return pd.DataFrame(columns=["task", "measure", "feature", "importance", "rank"])
    parts = [
        _shares(
            TASK_NAMES[task],
            "mean_absolute_contribution",
            np.abs(explanation.contributions).mean(axis=0),
        )
        for task, explanation in explain(serving, described).items()
    ]
    if forecaster.value:
        parts.append(_shares("value_rank", "gain", forecaster.value.rank.gains()))
    return pd.concat(parts, ignore_index=True)


def _shares(task: str, measure: str, weights: np.ndarray) -> pd.DataFrame:
    total = float(weights.sum())
    shares = weights / total if total > 0 else weights
    order = np.argsort(-shares, kind="stable")
    return pd.DataFrame(
        {
            "task": task,
            "measure": measure,
            "feature": np.array(FEATURES, dtype=object)[order],
            "importance": shares[order],
            "rank": np.arange(1, len(order) + 1),
        }
    )
