"""Each algorithm comes down to numbers that assign any customer, and they are those of the algorithm."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from regulars.clustering import ALGORITHMS, Clusters, algorithms, assign_scaled, fit_clusters
from regulars.clustering.algorithms import scores, ward_clusters
from regulars.clustering.scaling import fit_scaler
from tests.unit.clustering.shop import customers, rfm_recipe


@pytest.fixture(scope="module")
def scaled() -> np.ndarray:
    shop = customers(1000)
    return fit_scaler(shop, rfm_recipe().features, winsorise_share=0.01).scaled(shop)


def fit(scaled: np.ndarray, algorithm: str, **changes) -> Clusters:
    settings = {"cluster_count": 4, "random_state": 42, "quadratic_customers": 400} | changes
    return fit_clusters(scaled, algorithm=algorithm, **settings)


def test_kmeans_centroids_are_the_means_of_their_members_and_the_best_of_many_starts(scaled):
    clusters = fit(scaled, "kmeans")
    labels = assign_scaled(scaled, clusters)
    means = np.array([scaled[labels == i].mean(axis=0) for i in range(4)])
    assert clusters.centroids == pytest.approx(means, abs=1e-9)
    assert clusters.whitening is None
    assert clusters.offsets is None
    inertia = scores(scaled, clusters).min(axis=1).sum()
    assert inertia <= KMeans(4, n_init=20, random_state=7).fit(scaled).inertia_ * (1 + 1e-6)


def test_scores_are_squared_distances_and_the_nearest_centroid_wins(scaled):
    clusters = fit(scaled, "kmeans")
    distances = cdist(scaled, clusters.centroids) ** 2
    assert scores(scaled, clusters) == pytest.approx(distances)
    assert assign_scaled(scaled, clusters).tolist() == distances.argmin(axis=1).tolist()


def test_a_customer_between_two_centroids_goes_to_the_lower_id():
    clusters = Clusters(np.array([[2.0], [0.0], [5.0]]))
    assert assign_scaled(np.array([[1.0], [3.5], [4.0]]), clusters).tolist() == [0, 0, 2]


def test_a_given_start_is_begun_with_instead_of_random_ones():
    line = np.array([[0.0], [1.0], [10.0], [11.0]])
    poor = fit(line, "kmeans", cluster_count=2, initial=np.array([[0.0], [7.0]]))
    assert np.sort(poor.centroids[:, 0]).tolist() == [0.5, 10.5]
    # a start that is an optimum of its own, though not the best, is stayed with
    square = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [3.0, 1.0]])
    flat = fit(square, "kmeans", cluster_count=2, initial=np.array([[1.5, 0.0], [1.5, 1.0]]))
    assert flat.centroids.tolist() == [[1.5, 0.0], [1.5, 1.0]]
    best = fit(square, "kmeans", cluster_count=2)
    assert sorted(best.centroids.tolist()) == [[0.0, 0.5], [3.0, 0.5]]


@pytest.fixture(scope="module")
def fitted(scaled) -> tuple[Clusters, GaussianMixture]:
    """The clusters, and the model of scikit-learn that they were taken from."""
    made = []

    class Kept(GaussianMixture):
        def fit(self, data):
            made.append(self)
            return super().fit(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(algorithms, "GaussianMixture", Kept)
        clusters = fit(scaled, "gmm")
    (model,) = made
    return clusters, model


class TestMixture:
    def test_labels_are_those_of_scikit_learn(self, scaled, fitted):
        clusters, model = fitted
        assert assign_scaled(scaled, clusters).tolist() == model.predict(scaled).tolist()
        newcomers = np.random.default_rng(3).normal(0, 2, (500, 3))
        assert assign_scaled(newcomers, clusters).tolist() == model.predict(newcomers).tolist()

    def test_score_differences_are_minus_twice_the_log_odds(self, scaled, fitted):
        clusters, model = fitted
        posterior = model.predict_proba(scaled)
        found = scores(scaled, clusters)
        for i in range(1, 4):
            is_known = (posterior[:, [0, i]] > 1e-250).all(axis=1)
            assert is_known.sum() > 300
            log_odds = np.log(posterior[is_known, i]) - np.log(posterior[is_known, 0])
            difference = found[is_known, i] - found[is_known, 0]
            assert difference == pytest.approx(-2 * log_odds, rel=1e-6, abs=1e-6)

    def test_centroids_are_the_means_of_the_mixture(self, fitted):
        clusters, model = fitted
        assert clusters.centroids.tolist() == model.means_.tolist()
        assert clusters.converged
        assert clusters.whitening.shape == (4, 3, 3)

    def test_it_is_another_answer_than_nearest_centroids(self, scaled, fitted):
        clusters, _ = fitted
        nearest = cdist(scaled, clusters.centroids).argmin(axis=1)
        assert 0.02 < (assign_scaled(scaled, clusters) != nearest).mean() < 0.5

    def test_a_tight_group_beside_a_loose_one_is_told_by_its_spread(self):
        rng = np.random.default_rng(5)
        groups = np.vstack([rng.normal(0, 0.2, (300, 2)), rng.normal(2, 1.5, (300, 2))])
        truth = np.repeat([0, 1], 300)
        agreement = {
            algorithm: adjusted_rand_score(
                truth, assign_scaled(groups, fit(groups, algorithm, cluster_count=2))
            )
            for algorithm in ("kmeans", "gmm")
        }
        assert agreement["kmeans"] < 0.7
        assert agreement["gmm"] > 0.85

    def test_clusters_that_nobody_begins_in_are_dropped(self):
        # a resample of a shop whose customers are nearly all alike
        rows = np.repeat([[0.0, 0.0], [1.0, 1.0]], [30, 2], axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            warnings.filterwarnings("ignore", message="Number of distinct clusters")
            found = [fit(rows, "gmm", cluster_count=4, random_state=seed) for seed in range(6)]
        for clusters in found:
            assert sorted(abs(clusters.centroids).round(6).tolist()) == [[0.0, 0.0], [1.0, 1.0]]
            assert np.isfinite(clusters.offsets).all()


class TestWard:
    def test_centroids_are_the_means_of_scipys_cut(self, scaled):
        clusters = fit(scaled, "ward")
        tree_rows = scaled[:400]
        cut = fcluster(linkage(tree_rows, "ward"), 4, "maxclust")
        means = [tree_rows[cut == i].mean(axis=0).round(9).tolist() for i in range(1, 5)]
        assert sorted(clusters.centroids.round(9).tolist()) == sorted(means)

    def test_members_keep_the_trees_label_where_their_own_centroid_is_the_nearest(self, scaled):
        clusters = fit(scaled, "ward")
        tree_rows = scaled[:400]
        cut = fcluster(linkage(tree_rows, "ward"), 4, "maxclust")
        means = np.array([tree_rows[cut == i].mean(axis=0) for i in range(1, 5)])
        is_nearest = cdist(tree_rows, means).argmin(axis=1) == cut - 1
        assert is_nearest.mean() > 0.85
        labels = assign_scaled(tree_rows, clusters)
        assert adjusted_rand_score(cut[is_nearest], labels[is_nearest]) == 1

    def test_only_the_first_rows_are_seen_and_the_rest_is_assigned(self, scaled):
        changed = scaled.copy()
        changed[400:] += 100
        clusters = fit(changed, "ward")
        assert clusters.centroids.tolist() == fit(scaled, "ward").centroids.tolist()
        assert assign_scaled(changed, clusters).shape == (1000,)

    @pytest.mark.parametrize("cluster_count", [2, 3, 4, 5])
    def test_merges_at_equal_heights_still_give_the_number_wanted(self, cluster_count):
        # three pairs, each a pound apart: scipy's own cut leaves 3 clusters or 6, never 4 or 5
        line = np.array([[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]])
        cut = fcluster(linkage(line, "ward"), cluster_count, "maxclust")
        assert (len(np.unique(cut)) == cluster_count) == (cluster_count < 4)
        (clusters,) = ward_clusters(line, [cluster_count])
        assert len(np.unique(clusters.centroids)) == cluster_count
        assert len(np.unique(assign_scaled(line, clusters))) == cluster_count

    def test_one_tree_is_cut_at_every_number_asked_for(self, scaled):
        several = ward_clusters(scaled[:200], [2, 5, 9])
        assert [len(clusters.centroids) for clusters in several] == [2, 5, 9]
        (five,) = ward_clusters(scaled[:200], [5])
        assert several[1].centroids.tolist() == five.centroids.tolist()

    def test_more_clusters_than_customers_is_an_error_with_both_numbers(self):
        with pytest.raises(ValueError, match=r"^4 clusters of 3 customers"):
            ward_clusters(np.zeros((3, 2)), [2, 4])

    def test_a_table_as_wide_as_long_is_still_rows_of_customers(self):
        # scipy warns that it looks like distances
        square = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (clusters,) = ward_clusters(square, [2])
        assert sorted(clusters.centroids.tolist()) == [[0.5, 0.5, 1.5, 2.5], [2.5, 1.5, 0.5, 0.5]]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_one_cluster_is_everyone_around_their_mean(scaled, algorithm):
    for rows in (scaled, scaled[:1]):
        clusters = fit(rows, algorithm, cluster_count=1)
        assert clusters.centroids == pytest.approx(rows.mean(axis=0, keepdims=True))
        assert set(assign_scaled(scaled, clusters)) == {0}


def test_one_customer_is_a_tree_of_its_own():
    (clusters,) = ward_clusters(np.array([[0.5, -1.0]]), [1])
    assert clusters.centroids.tolist() == [[0.5, -1.0]]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_new_ids_change_no_ones_cluster(scaled, algorithm):
    clusters = fit(scaled, algorithm)
    order = np.array([2, 0, 3, 1])
    before, after = assign_scaled(scaled, clusters), assign_scaled(scaled, clusters.ordered(order))
    assert order[after].tolist() == before.tolist()
    assert len(set(before)) == 4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_same_seed_gives_the_same_numbers(scaled, algorithm):
    one, other = fit(scaled, algorithm), fit(scaled, algorithm)
    assert one.centroids.tolist() == other.centroids.tolist()
