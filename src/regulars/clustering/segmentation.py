"""Fit a recipe to customers; assign customers with a fit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from regulars.clustering.algorithms import Clusters, assign_scaled, fit_clusters
from regulars.clustering.evaluation import (
    Evaluation,
    EvaluationSettings,
    choose_cluster_count,
    evaluate,
)
from regulars.clustering.naming import NamingRule, name_clusters
from regulars.clustering.recipe import Recipe
from regulars.clustering.scaling import Scaler, fit_scaler

PLOT_AXES = 2


@dataclass(frozen=True)
class Segmentation:
    """A recipe fitted to customers.

    Attributes:
        recipe: Name of the recipe.
        definition: `Recipe.definition` that it was fitted by.
        fitted_as_of: Date that the customers were looked at from.
        scaler: From natural to scaled units.
        clusters: What assigns a scaled customer; ids are positions.
        names: One per cluster, all different.
        shares: Share (0-1) of the fitted customers in each cluster.
        loadings: Shape (features, 2): a scaled customer times this gives coordinates to plot (the first two principal components).
        evaluations: Quality for each number of clusters tried.
        customer_count: Customers fitted.
        wanted: Clusters that the recipe asked for; None if it left the choice to the evaluation.
        shortfall: Why there are fewer clusters than wanted; None if there are not.
    """

    recipe: str
    definition: str
    fitted_as_of: date
    scaler: Scaler
    clusters: Clusters
    names: tuple[str, ...]
    shares: np.ndarray
    loadings: np.ndarray
    evaluations: tuple[Evaluation, ...]
    customer_count: int
    wanted: int | None
    shortfall: str | None


def fit_segmentation(
    frame: pd.DataFrame,
    recipe: Recipe,
    *,
    rules: Sequence[NamingRule],
    as_of_date: date,
    settings: EvaluationSettings,
    initial: Segmentation | None = None,
    evaluated: dict[object, list[Evaluation]] | None = None,
) -> Segmentation:
    """Run a recipe.

    Args:
        frame: One row per customer, indexed by customer_id, in any order; the recipe's features and `CONTEXT_FEATURES`, NaN where undefined.
        recipe: What to run.
        rules: Naming rules of the recipe.
        as_of_date: Date that the customers are looked at from.
        settings: How thoroughly to evaluate, and the seed.
        initial: A fit to begin with (warm start): K-Means and mixtures begin with its centroids.
        evaluated: Evaluations of the same customers by `Recipe.evaluated_alike`, read and added to.

    Returns:
        The segmentation. Where customers differ in fewer ways than clusters are wanted, it has fewer clusters and says so.

    Raises:
        ValueError: If there are no customers.
    """
    if frame.empty:
        raise ValueError("There are no customers to segment.")
    frame = hash_ordered(frame)
    scaler = fit_scaler(frame, recipe.features_of(frame), winsorise_share=recipe.winsorise_share)
    scaled = scaler.scaled(frame)
    distinct = len(np.unique(scaled, axis=0))
    evaluated = {} if evaluated is None else evaluated
    alike = recipe.evaluated_alike()
    if alike not in evaluated:
        evaluated[alike] = evaluate(scaled, algorithm=recipe.algorithm, settings=settings)
    evaluations = evaluated[alike]
    wanted = recipe.cluster_count
    count = wanted or choose_cluster_count(evaluations, settings=settings)
    shortfall = None
    if count is None:
        count = 1
        shortfall = f"no number of clusters could be evaluated on {len(frame)} customers"
    elif count > distinct:
        shortfall = f"{count} clusters wanted, but only {distinct} of {len(frame)} customers differ"
        count = distinct
    start = None
    if initial is not None and len(initial.clusters.centroids) == count:
        start = _carried_centroids(initial, scaler)
    clusters = fit_clusters(
        scaled,
        algorithm=recipe.algorithm,
        cluster_count=count,
        random_state=settings.random_state,
        quadratic_customers=settings.quadratic_customers,
        initial=start,
    )
    if len(clusters.centroids) < count:  # a mixture drops clusters that nobody begins in
        shortfall = f"{count} clusters wanted, but only {len(clusters.centroids)} found"
        count = len(clusters.centroids)
    names = name_clusters(_profiles(frame, assign_scaled(scaled, clusters), count), rules)
    # ids follow the names' order in the rules, so that they do not hang on the seed either
    by_rule = {rule.name: step for step, rule in enumerate(rules)}
    order = np.array(sorted(range(count), key=lambda i: by_rule.get(names[i], 0)))
    clusters = clusters.ordered(order)
    labels = assign_scaled(scaled, clusters)
    return Segmentation(
        recipe=recipe.name,
        definition=recipe.definition(rules),
        fitted_as_of=as_of_date,
        scaler=scaler,
        clusters=clusters,
        names=tuple(names[i] for i in order),
        shares=np.bincount(labels, minlength=count) / len(frame),
        loadings=_loadings(scaled),
        evaluations=tuple(evaluations),
        customer_count=len(frame),
        wanted=wanted,
        shortfall=shortfall,
    )


def assign(frame: pd.DataFrame, segmentation: Segmentation) -> pd.Series:
    """Return the cluster id of each customer, fitted or not; indexed as the frame."""
    scaled = segmentation.scaler.scaled(frame)
    return pd.Series(
        assign_scaled(scaled, segmentation.clusters), index=frame.index, name="cluster_id"
    )


def hash_ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort customers by the MD5 of their id: an order that means nothing and is the same everywhere."""
    hashes = [
        hashlib.md5(str(customer).encode(), usedforsecurity=False).hexdigest()
        for customer in frame.index
    ]
    return frame.iloc[np.lexsort((frame.index.to_numpy(dtype=str), np.array(hashes)))]


def _profiles(frame: pd.DataFrame, labels: np.ndarray, count: int) -> np.ndarray:
    """Typical recency, frequency and monetary of each cluster, as logs; shape (clusters, 3).

    A cluster without members (a mixture may leave one) has no profile: NaN.
    """
    context = frame[["recency_days", "frequency", "monetary"]].to_numpy(dtype=float)
    profiles = np.full((count, 3), np.nan)
    for i in range(count):
        members = context[labels == i]
        if len(members):
            # of skewed counts many medians are equal: the mean of logs is as robust and tells them apart
            profiles[i] = (np.sign(members) * np.log1p(np.abs(members))).mean(axis=0)
    return profiles


def _loadings(scaled: np.ndarray) -> np.ndarray:
    """Return the first two principal axes, each with its largest entry positive; shape (features, 2)."""
    _, axes = np.linalg.eigh(np.cov(scaled, rowvar=False, bias=True).reshape(2 * scaled.shape[1:]))
    axes = axes[:, ::-1][:, :PLOT_AXES]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    missing = PLOT_AXES - axes.shape[1]
    return np.pad(axes, ((0, 0), (0, missing)))


def _carried_centroids(earlier: Segmentation, scaler: Scaler) -> np.ndarray:
    """Express an earlier fit's centroids in the units of a new scaler."""
    natural = pd.DataFrame(
        earlier.scaler.natural(earlier.clusters.centroids), columns=list(earlier.scaler.features)
    )
    return scaler.scaled(natural)
