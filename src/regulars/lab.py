"""The cluster lab: K-Means on recency, frequency and value for each number of clusters, side by side."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
from sklearn.exceptions import ConvergenceWarning

from regulars.clustering import (
    CONTEXT_FEATURES,
    Evaluation,
    EvaluationSettings,
    Recipe,
    RecipeFeature,
    assign,
    fit_segmentation,
    read_naming_rules,
)
from regulars.threads import single_threaded

MEASURES = ("recency_days", "frequency", "monetary")
NAMING_RULES = "ranked"
# As the recipe `auto` has it; in the lab the user chooses the number that there the evaluation chooses.
WINSORISE_SHARE = 0.025


@dataclass(frozen=True)
class LabSettings:
    """How thoroughly to evaluate.

    Attributes:
        evaluation: As segmentations of the build are evaluated.
    """

    evaluation: EvaluationSettings

    @classmethod
    def from_vars(cls, settings: Mapping[str, Any]) -> LabSettings:
        """Take the settings from the vars that a database was built with."""
        return cls(
            EvaluationSettings(
                cluster_counts=tuple(settings["cluster_evaluated_counts"]),
                evaluation_customers=settings["cluster_evaluation_customers"],
                bootstraps=settings["cluster_bootstraps"],
                silhouette_customers=settings["cluster_silhouette_customers"],
                quadratic_customers=settings["cluster_quadratic_customers"],
                stable_rand_index=settings["cluster_stable_rand_index"],
                smallest_share=settings["cluster_smallest_share"],
                random_state=settings["random_seed"],
            )
        )


@dataclass(frozen=True)
class LabCluster:
    """One cluster of one number of clusters; money in the shop's currency."""

    cluster_id: int
    cluster_name: str
    customer_count: int
    customer_share: float
    revenue_share: float | None
    avg_recency_days: float
    avg_frequency: float
    avg_monetary: float
    median_recency_days: float
    median_frequency: float
    median_monetary: float


@dataclass(frozen=True)
class LabCount:
    """What one number of clusters would give.

    Attributes:
        evaluation: Inertia, silhouette, stability and the like.
        clusters: In the order of their names' ranks.
        shortfall: Why there are fewer clusters than asked for; None if there are not.
    """

    evaluation: Evaluation
    clusters: tuple[LabCluster, ...]
    shortfall: str | None


@dataclass(frozen=True)
class LabResult:
    """All numbers of clusters that could be tried.

    Attributes:
        counts: In ascending order.
        labels: cluster_count, customer_id, cluster_id, cluster_name, recency_days, frequency, monetary.
    """

    counts: tuple[LabCount, ...]
    labels: pa.Table


LABEL_SCHEMA = pa.schema(
    [
        ("cluster_count", pa.int32()),
        ("customer_id", pa.string()),
        ("cluster_id", pa.int32()),
        ("cluster_name", pa.string()),
        ("recency_days", pa.float64()),
        ("frequency", pa.float64()),
        ("monetary", pa.float64()),
    ]
)


def run_lab(
    features: pd.DataFrame,
    *,
    rules: pd.DataFrame,
    settings: LabSettings,
    on_step: Callable[[int, int, str], None] = lambda _done, _total, _name: None,
) -> LabResult:
    """Try every number of clusters.

    Args:
        features: Rows of customer_features of one date, one per customer.
        rules: The seed `cluster_naming_rules`; those of `ranked` name the clusters.
        settings: How thoroughly.
        on_step: Called before each step with the steps done, all steps, and the step's name.

    Returns:
        The numbers that do not exceed the distinct customers; none for fewer than two.
    """
    frame = features.set_index("customer_id")[list(CONTEXT_FEATURES)].astype(float)
    as_of_date: date = pd.Timestamp(features["as_of_date"].iloc[0]).date()
    naming = read_naming_rules(rules)[NAMING_RULES]
    evaluated: dict[object, list[Evaluation]] = {}
    counts: list[LabCount] = []
    labels: list[pa.Table] = []
    total = len(settings.evaluation.cluster_counts)
    with single_threaded(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for done, wanted in enumerate(settings.evaluation.cluster_counts):
            on_step(done, total, f"{wanted} clusters")
            recipe = _recipe(wanted)
            fit = fit_segmentation(
                frame,
                recipe,
                rules=naming,
                as_of_date=as_of_date,
                settings=settings.evaluation,
                evaluated=evaluated,
            )
            evaluation = next((e for e in fit.evaluations if e.cluster_count == wanted), None)
            if evaluation is None:  # fewer customers differ than clusters are wanted
                break
            own = assign(frame, fit)
            counts.append(LabCount(evaluation, _profiles(frame, own, fit.names), fit.shortfall))
            labels.append(_labels(frame, own, fit.names, wanted))
    return LabResult(
        tuple(counts), pa.concat_tables(labels) if labels else LABEL_SCHEMA.empty_table()
    )


def _recipe(cluster_count: int) -> Recipe:
    return Recipe(
        name="lab",
        features=tuple(RecipeFeature(name, "log1p") for name in MEASURES),
        winsorise_share=WINSORISE_SHARE,
        algorithm="kmeans",
        cluster_count=cluster_count,
        naming_rules=NAMING_RULES,
    )


def _profiles(
    frame: pd.DataFrame, own: pd.Series, names: tuple[str, ...]
) -> tuple[LabCluster, ...]:
    revenue = frame["monetary"].sum()
    clusters = []
    for cluster_id, name in enumerate(names):
        members = frame[own == cluster_id]
        if members.empty:
            continue
        means, medians = members.mean(), members.median()
        clusters.append(
            LabCluster(
                cluster_id=cluster_id,
                cluster_name=name,
                customer_count=len(members),
                customer_share=len(members) / len(frame),
                revenue_share=float(members["monetary"].sum() / revenue) if revenue else None,
                **{f"avg_{measure}": float(means[measure]) for measure in MEASURES},
                **{f"median_{measure}": float(medians[measure]) for measure in MEASURES},
            )
        )
    return tuple(clusters)


def _labels(
    frame: pd.DataFrame, own: pd.Series, names: tuple[str, ...], cluster_count: int
) -> pa.Table:
    ordered = frame.sort_index()
    own = own.loc[ordered.index]
    return pa.table(
        {
            "cluster_count": [cluster_count] * len(ordered),
            "customer_id": ordered.index.astype(str).to_numpy(dtype=object),
            "cluster_id": own.to_numpy(),
            "cluster_name": [names[label] for label in own],
            **{measure: ordered[measure].to_numpy() for measure in MEASURES},
        },
        schema=LABEL_SCHEMA,
    )
