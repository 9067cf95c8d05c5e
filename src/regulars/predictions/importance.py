"""Which features the served models lean on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.boosting import Trees
from regulars.predictions.reasons import churn_contributions
from regulars.predictions.recipes import FEATURES, Described
from regulars.predictions.score import Serving


def feature_importance(serving: Serving, described: Described | None) -> pd.DataFrame:
    """Importance by task, as shares that sum to 1.

    Churn: mean absolute contribution to the served logit over the customers. Value, ranking and next
    purchase: share of the trees' gain.

    Returns:
        Columns task, measure, feature, importance, rank (1 is the most important); no rows without a
        forecaster.
    """
    forecaster = serving.forecaster
    if forecaster is None or described is None:
        return pd.DataFrame(columns=["task", "measure", "feature", "importance", "rank"])
    contributions, _ = churn_contributions(serving, described)
    parts = [_shares("churn", "mean_absolute_contribution", np.abs(contributions).mean(axis=0))]
    if forecaster.value:
        parts.append(_shares("value", "gain", Trees(forecaster.value.tweedie_text).gains()))
        parts.append(_shares("value_rank", "gain", Trees(forecaster.value.rank_text).gains()))
    if forecaster.window:
        parts.append(_shares("next_purchase", "gain", Trees(forecaster.window.trees_text).gains()))
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
