"""How good and how stable a segmentation is, for each number of clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from regulars.clustering.algorithms import Clusters, assign_scaled, fit_clusters, ward_clusters
from regulars.errors import InvalidSettingError

STARTS = 10
# Customers whose distances to all are in memory at once: few enough for the processor's cache.
DISTANCE_ROWS = 128


@dataclass(frozen=True)
class EvaluationSettings:
    """How thoroughly to evaluate.

    Attributes:
        cluster_counts: Numbers of clusters to try.
        evaluation_customers: Bound on the customers that are evaluated; the fit itself sees all.
        bootstraps: Resamples of the customers for the stability of K-Means; half as many for the slower algorithms.
        silhouette_customers: Bound on the customers of the silhouette, whose cost grows with the square.
        quadratic_customers: Bound on the customers that Ward sees, and that mixtures see for an evaluation.
        stable_rand_index: Mean adjusted Rand index from which a number of clusters counts as stable.
        smallest_share: Share of customers that the smallest cluster must have to be chosen.
        random_state: Seed.
    """

    cluster_counts: tuple[int, ...]
    evaluation_customers: int
    bootstraps: int
    silhouette_customers: int
    quadratic_customers: int
    stable_rand_index: float
    smallest_share: float
    random_state: int

    def __post_init__(self) -> None:
        """Refuse settings without a value, such as those of a mistyped key."""
        for name, value in asdict(self).items():
            if value is None:
                raise InvalidSettingError(f"Evaluation of clusters: {name} has no value.")


@dataclass(frozen=True)
class Evaluation:
    """Quality of one number of clusters; None where a measure is undefined.

    Attributes:
        cluster_count: Clusters asked for.
        inertia: Sum of squared distances to the own centroid, in scaled units.
        silhouette: Mean silhouette (-1 to 1) of the bounded sample.
        davies_bouldin: Davies-Bouldin index, lower is better.
        calinski_harabasz: Calinski-Harabasz index, higher is better.
        bootstrap_ari_mean: Mean adjusted Rand index between the labels and those of fits to resamples.
        bootstrap_ari_min: The lowest of them.
        smallest_share: Share (0-1) of customers in the smallest cluster.
    """

    cluster_count: int
    inertia: float
    silhouette: float | None
    davies_bouldin: float | None
    calinski_harabasz: float | None
    bootstrap_ari_mean: float | None
    bootstrap_ari_min: float | None
    smallest_share: float


def evaluate(
    scaled: np.ndarray, *, algorithm: str, settings: EvaluationSettings
) -> list[Evaluation]:
    """Evaluate an algorithm on customers.

    Args:
        scaled: Shape (customers, features); rows in an order that means nothing, such as that of a hash.
        algorithm: One of `ALGORITHMS`.
        settings: How thoroughly.

    Returns:
        One evaluation for each number of clusters that does not exceed the distinct rows, in order.
    """
    scaled = scaled[: settings.evaluation_customers]
    distinct = len(np.unique(scaled, axis=0))
    counts = [count for count in settings.cluster_counts if count <= distinct]
    if not counts:
        return []
    fits = _fits(scaled, algorithm, counts, settings, starts=STARTS)
    labels = [assign_scaled(scaled, clusters) for clusters in fits]
    agreement = _bootstrap(scaled, algorithm, counts, labels, settings)
    seen = scaled[: settings.silhouette_customers]
    silhouettes = mean_silhouettes(seen, [own[: len(seen)] for own in labels])
    evaluations = []
    for i, count in enumerate(counts):
        sizes = np.bincount(labels[i], minlength=count)
        away = scaled - fits[i].centroids[labels[i]]
        is_defined = 1 < np.count_nonzero(sizes) < len(scaled)
        evaluations.append(
            Evaluation(
                cluster_count=count,
                inertia=float(np.einsum("ij,ij->", away, away)),
                silhouette=silhouettes[i],
                davies_bouldin=float(davies_bouldin_score(scaled, labels[i]))
                if is_defined
                else None,
                calinski_harabasz=float(calinski_harabasz_score(scaled, labels[i]))
                if is_defined
                else None,
                bootstrap_ari_mean=float(np.mean(agreement[i])) if agreement[i] else None,
                bootstrap_ari_min=float(np.min(agreement[i])) if agreement[i] else None,
                smallest_share=float(sizes.min() / len(scaled)),
            )
        )
    return evaluations


def choose_cluster_count(
    evaluations: Sequence[Evaluation], *, settings: EvaluationSettings
) -> int | None:
    """Choose a number of clusters: of those that are stable and leave no sliver, the best silhouette.

    If none is stable, the one with the highest mean adjusted Rand index. Ties go to fewer clusters.

    Returns:
        The number, or None if nothing could be evaluated.
    """
    judged = [one for one in evaluations if one.silhouette is not None]
    stable = [
        one
        for one in judged
        if (one.bootstrap_ari_mean or 0) >= settings.stable_rand_index
        and one.smallest_share >= settings.smallest_share
    ]
    if stable:
        return max(stable, key=lambda one: (one.silhouette, -one.cluster_count)).cluster_count
    if judged:
        return max(
            judged, key=lambda one: (one.bootstrap_ari_mean or 0, -one.cluster_count)
        ).cluster_count
    return None


def _bootstrap(
    scaled: np.ndarray,
    algorithm: str,
    counts: list[int],
    labels: list[np.ndarray],
    settings: EvaluationSettings,
) -> list[list[float]]:
    """Refit to resamples; the agreement of everyone's labels with the given ones, for each count."""
    random = np.random.default_rng(settings.random_state)
    drawn, resamples = len(scaled), settings.bootstraps
    if algorithm != "kmeans":
        drawn, resamples = min(drawn, settings.quadratic_customers), math.ceil(resamples / 2)
    agreement: list[list[float]] = [[] for _ in counts]
    _, places = np.unique(scaled, axis=0, return_inverse=True)
    for number in range(resamples):
        rows = random.integers(0, len(scaled), drawn)
        distinct = len(np.unique(places[rows]))
        possible = [min(count, distinct) for count in counts]
        refits = _fits(scaled[rows], algorithm, possible, settings, starts=1, number=number)
        for i, clusters in enumerate(refits):
            agreement[i].append(rand_index(labels[i], assign_scaled(scaled, clusters)))
    return agreement


def mean_silhouettes(seen: np.ndarray, labels: list[np.ndarray]) -> list[float | None]:
    """Return the mean silhouette (Rousseeuw 1987) of each labelling; None where it is undefined.

    As scikit-learn's, which would go through the distances anew for each labelling: here one product
    of matrices sums them by cluster for all.
    """
    members = [np.eye(own.max() + 1)[own] for own in labels]
    sums = np.split(
        _summed_distances(seen, np.hstack(members)),
        np.cumsum([member.shape[1] for member in members])[:-1],
        axis=1,
    )
    found: list[float | None] = []
    for own, member, to_cluster in zip(labels, members, sums, strict=True):
        sizes = member.sum(axis=0)
        if not 1 < np.count_nonzero(sizes) < len(seen):
            found.append(None)
            continue
        rows = np.arange(len(seen))
        mates = sizes[own] - 1
        within = to_cluster[rows, own] / np.maximum(mates, 1)
        to_cluster = to_cluster / np.where(sizes > 0, sizes, np.nan)
        to_cluster[rows, own] = np.nan
        beyond = np.nanmin(to_cluster, axis=1)
        farther = np.maximum(within, beyond)
        is_defined = (mates > 0) & (farther > 0)  # alone, or at the same place as all others: 0
        silhouette = np.zeros(len(seen))
        np.divide(beyond - within, farther, out=silhouette, where=is_defined)
        found.append(float(silhouette.mean()))
    return found


def _summed_distances(seen: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Distances of each customer to all others, summed by cluster.

    Args:
        seen: Shape (customers, features).
        members: 1 where a customer belongs to a cluster, else 0, shape (customers, clusters).

    Returns:
        Shape (customers, clusters).
    """
    squares = np.einsum("ij,ij->i", seen, seen)
    sums = np.empty(members.shape)
    for start in range(0, len(seen), DISTANCE_ROWS):
        rows = slice(start, start + DISTANCE_ROWS)
        distances = seen[rows] @ seen.T
        distances *= -2
        distances += squares[rows, None]
        distances += squares
        np.maximum(distances, 0, out=distances)
        np.fill_diagonal(distances[:, rows], 0)  # to oneself, not a rounding error
        sums[rows] = np.sqrt(distances, out=distances) @ members
    return sums


def rand_index(one: np.ndarray, other: np.ndarray) -> float:
    """Return the adjusted Rand index of two labellings (Hubert & Arabie 1985).

    As scikit-learn's, of labels from 0: it is called so often that checking them would take longer.
    """
    width = int(other.max()) + 1
    cells = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width)
    cells = cells.reshape(-1, width)

    def pairs(counts: np.ndarray) -> int:
        return int((counts * (counts - 1)).sum())

    together, first, second = pairs(cells), pairs(cells.sum(axis=1)), pairs(cells.sum(axis=0))
    expected = first * second / max(len(one) * (len(one) - 1), 1)
    most = (first + second) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _fits(
    scaled: np.ndarray,
    algorithm: str,
    counts: list[int],
    settings: EvaluationSettings,
    *,
    starts: int,
    number: int = 0,
) -> list[Clusters]:
    if algorithm == "ward":
        return ward_clusters(scaled[: settings.quadratic_customers], counts)
    if algorithm == "gmm":
        scaled = scaled[: settings.quadratic_customers]
    return [
        fit_clusters(
            scaled,
            algorithm=algorithm,
            cluster_count=count,
            random_state=settings.random_state + number,
            quadratic_customers=settings.quadratic_customers,
            starts=starts,
        )
        for count in counts
    ]
