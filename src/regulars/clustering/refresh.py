"""Keep a segmentation while it fits; refit it on a declared sign of drift, and keep its ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from regulars.clustering.evaluation import Evaluation, EvaluationSettings
from regulars.clustering.naming import NamingRule
from regulars.clustering.recipe import Recipe
from regulars.clustering.segmentation import Segmentation, assign, fit_segmentation
from regulars.errors import InvalidSettingError

# A cluster that is empty then or now counts as this share, so that the index stays finite.
EMPTY_SHARE = 1e-4


@dataclass(frozen=True)
class RefreshSettings:
    """When to refit, and how large a fit may be.

    Attributes:
        drift_index: Population stability index of the cluster shares above which a fit is given up.
        cluster_limit: Most clusters that a recipe may have.
        evaluation: Settings of a fit.
    """

    drift_index: float
    cluster_limit: int
    evaluation: EvaluationSettings

    def __post_init__(self) -> None:
        """Refuse a number without a value, such as that of a mistyped key."""
        for name in ("drift_index", "cluster_limit"):
            if getattr(self, name) is None:
                raise InvalidSettingError(f"Refresh of clusters: {name} has no value.")


@dataclass(frozen=True)
class Refreshed:
    """A segmentation to use from now on, and how it came about.

    Attributes:
        segmentation: The kept or new fit.
        decision: "first fit", "kept" or "refitted".
        reason: In words.
        stability_index: Of the earlier fit on these customers; None if there was none to compare.
    """

    segmentation: Segmentation
    decision: str
    reason: str
    stability_index: float | None


def refresh(
    earlier: Segmentation | None,
    frame: pd.DataFrame,
    recipe: Recipe,
    *,
    rules: Sequence[NamingRule],
    as_of_date: date,
    settings: RefreshSettings,
    evaluated: dict[object, list[Evaluation]] | None = None,
) -> Refreshed:
    """Keep the earlier fit if it still describes the customers, else refit from it.

    Args:
        earlier: The fit in use, of the same shop, or None.
        frame: Customers as for `fit_segmentation`.
        recipe: What to run; another definition than the earlier fit's, naming rules included, gives a new fit.
        rules: Naming rules of the recipe.
        as_of_date: Date that the customers are looked at from.
        settings: When to refit, and how.
        evaluated: As for `fit_segmentation`.

    Returns:
        What to use from now on.
    """

    def fit(initial: Segmentation | None) -> Segmentation:
        return fit_segmentation(
            frame,
            recipe,
            rules=rules,
            as_of_date=as_of_date,
            settings=settings.evaluation,
            initial=initial,
            evaluated=evaluated,
        )

    if earlier is None:
        return Refreshed(fit(None), "first fit", "there was no fit of this shop before", None)
    if earlier.definition != recipe.definition(rules):
        return Refreshed(fit(None), "refitted", "the recipe or its naming rules changed", None)
    if missing := [name for name in earlier.scaler.features if name not in frame]:
        return Refreshed(
            fit(None), "refitted", f"there is no feature {', '.join(missing)} any more", None
        )
    if earlier.shortfall is not None:
        # shares of one cluster never drift: a shop that was small would have one for good
        later = fit(earlier)
        before, after = len(earlier.names), len(later.names)
        if before != after:
            return Refreshed(
                later, "refitted", f"there can be {after} clusters now, not {before}", None
            )
    labels = assign(frame, earlier).to_numpy()
    now = np.bincount(labels, minlength=len(earlier.names)) / len(frame)
    index = stability_index(earlier.shares, now)
    if index <= settings.drift_index:
        return Refreshed(
            earlier,
            "kept",
            f"the cluster shares drifted by {index:.3f}, at most {settings.drift_index:g}",
            index,
        )
    return Refreshed(
        matched(earlier, fit(earlier)),
        "refitted",
        f"the cluster shares drifted by {index:.3f}, more than {settings.drift_index:g}",
        index,
    )


def stability_index(expected: np.ndarray, actual: np.ndarray) -> float:
    """Return the population stability index of two distributions: sum (a - e) ln(a / e).

    Source: Siddiqi, Credit Risk Scorecards (2006): below .1 no change, above .25 a major one.
    """
    expected = np.maximum(expected, EMPTY_SHARE)
    actual = np.maximum(actual, EMPTY_SHARE)
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def matched(earlier: Segmentation, later: Segmentation) -> Segmentation:
    """Give the clusters of a new fit the ids of the nearest earlier ones (Hungarian matching).

    Names stay with the profiles they were made from; with another number of clusters ids stay as they are.
    """
    if len(earlier.names) != len(later.names) or earlier.scaler.features != later.scaler.features:
        return later
    natural = pd.DataFrame(
        earlier.scaler.natural(earlier.clusters.centroids), columns=list(earlier.scaler.features)
    )
    before = later.scaler.scaled(natural)
    distances = np.linalg.norm(before[:, None, :] - later.clusters.centroids[None, :, :], axis=2)
    _, order = linear_sum_assignment(distances)
    return replace(
        later,
        clusters=later.clusters.ordered(order),
        names=tuple(later.names[i] for i in order),
        shares=later.shares[order],
    )
