"""K-Means, Ward and Gaussian mixtures, each boiled down to numbers that assign any customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import cut_tree, fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

ALGORITHMS = ("kmeans", "ward", "gmm")
KMEANS_STARTS = 25  # fewer end in different optima for six clusters of eleven features
KMEANS_ITERATIONS = 1000
MIXTURE_ITERATIONS = 200
MIXTURE_TOLERANCE = 1e-2  # gain of mean log-likelihood at which the iterations end
# Added to the variances of scaled features: a flag that all members share has none of its own.
MIXTURE_VARIANCE_FLOOR = 1e-3


@dataclass(frozen=True)
class Clusters:
    """What assigns a point x of the scaled space: the cluster with the lowest score.

    The score is ||x - centroid||^2, or for a mixture ||(x - centroid) whitening||^2 + offset, which is
    -2 log(weight x density) less a constant.

    Attributes:
        centroids: Shape (clusters, features).
        whitening: Shape (clusters, features, axes), the Cholesky factor of each precision matrix; None but for mixtures.
        offsets: Shape (clusters,); None but for mixtures.
        converged: Whether the algorithm says that it is done.
    """

    centroids: np.ndarray
    whitening: np.ndarray | None = None
    offsets: np.ndarray | None = None
    converged: bool = True

    def ordered(self, order: np.ndarray) -> Clusters:
        """Return the same clusters with other ids: the new i is the old order[i]."""
        return Clusters(
            centroids=self.centroids[order],
            whitening=None if self.whitening is None else self.whitening[order],
            offsets=None if self.offsets is None else self.offsets[order],
            converged=self.converged,
        )


def fit_clusters(
    scaled: np.ndarray,
    *,
    algorithm: str,
    cluster_count: int,
    random_state: int,
    quadratic_customers: int,
    starts: int | None = None,
    initial: np.ndarray | None = None,
) -> Clusters:
    """Find clusters.

    Args:
        scaled: Shape (customers, features); rows in an order that means nothing, such as that of a hash.
        algorithm: One of `ALGORITHMS`.
        cluster_count: Not above the number of distinct rows.
        random_state: Seed.
        quadratic_customers: Ward, whose cost grows with the square, sees the first so many rows.
        starts: Random starts of K-Means (with whose clusters a mixture begins); None takes the usual number.
        initial: Centroids to begin with instead, shape (clusters, features).

    Returns:
        The clusters, in no particular order.
    """
    if cluster_count == 1:
        return Clusters(scaled.mean(axis=0, keepdims=True))
    if algorithm == "kmeans":
        model = KMeans(
            cluster_count,
            init="k-means++" if initial is None else initial,
            n_init=(starts or KMEANS_STARTS) if initial is None else 1,
            max_iter=KMEANS_ITERATIONS,
            tol=0.0,  # to the very optimum: nearly equal ones label a percent of customers otherwise
            random_state=random_state,
        ).fit(scaled)
        return Clusters(model.cluster_centers_, converged=model.n_iter_ < KMEANS_ITERATIONS)
    if algorithm == "ward":
        return ward_clusters(scaled[:quadratic_customers], [cluster_count])[0]
    # begun at random, mixtures end in different optima; begun with K-Means' clusters they do not
    begin = fit_clusters(
        scaled,
        algorithm="kmeans",
        cluster_count=cluster_count,
        random_state=random_state,
        quadratic_customers=quadratic_customers,
        starts=starts,
        initial=initial,
    )
    _, labels = np.unique(assign_scaled(scaled, begin), return_inverse=True)
    model = _mixture_from(scaled, labels, random_state)
    whitening = model.precisions_cholesky_
    log_determinants = np.log(np.diagonal(whitening, axis1=1, axis2=2)).sum(axis=1)
    return Clusters(
        centroids=model.means_,
        whitening=whitening,
        offsets=-2 * (np.log(model.weights_) + log_determinants),
        converged=bool(model.converged_),
    )


def _mixture_from(scaled: np.ndarray, labels: np.ndarray, random_state: int) -> GaussianMixture:
    """Fit a mixture that begins with the given clusters, numbered from 0 without a gap."""
    cluster_count, size = labels.max() + 1, scaled.shape[1]
    means = np.zeros((cluster_count, size))
    precisions = np.zeros((cluster_count, size, size))
    for i in range(cluster_count):
        members = scaled[labels == i]
        means[i] = members.mean(axis=0)
        away = members - means[i]
        covariance = away.T @ away / len(members) + MIXTURE_VARIANCE_FLOOR * np.eye(size)
        precisions[i] = np.linalg.inv(covariance)
    return GaussianMixture(
        cluster_count,
        weights_init=np.bincount(labels, minlength=cluster_count) / len(labels),
        means_init=means,
        precisions_init=precisions,
        reg_covar=MIXTURE_VARIANCE_FLOOR,
        max_iter=MIXTURE_ITERATIONS,
        tol=MIXTURE_TOLERANCE,
        random_state=random_state,
    ).fit(scaled)


def ward_clusters(scaled: np.ndarray, cluster_counts: list[int]) -> list[Clusters]:
    """Cut one Ward tree at several numbers of clusters.

    Raises:
        ValueError: If a number exceeds the number of rows.
    """
    if max(cluster_counts) > len(scaled):
        raise ValueError(f"{max(cluster_counts)} clusters of {len(scaled)} customers.")
    if len(scaled) == 1:
        return [Clusters(scaled.copy()) for _ in cluster_counts]
    tree = linkage(pdist(scaled), "ward")  # of a square table linkage would ask what it is
    return [
        Clusters(np.array([scaled[labels == i].mean(axis=0) for i in np.unique(labels)]))
        for labels in (_cut(tree, count) for count in cluster_counts)
    ]


def _cut(tree: np.ndarray, cluster_count: int) -> np.ndarray:
    labels = fcluster(tree, cluster_count, "maxclust")
    if labels.max() < cluster_count:
        # merges at equal heights: the slow way takes them one by one
        return cut_tree(tree, n_clusters=cluster_count)[:, 0]
    return labels


def scores(scaled: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Score every customer in every cluster, lowest is best; shape (customers, clusters)."""
    columns = []
    for i, centroid in enumerate(clusters.centroids):
        away = scaled - centroid
        if clusters.whitening is not None:
            away = away @ clusters.whitening[i]
        score = np.einsum("ij,ij->i", away, away)
        columns.append(score if clusters.offsets is None else score + clusters.offsets[i])
    return np.column_stack(columns)


def assign_scaled(scaled: np.ndarray, clusters: Clusters) -> np.ndarray:
    """Return the cluster id of every customer, ties to the lower id; shape (customers,)."""
    return scores(scaled, clusters).argmin(axis=1)
