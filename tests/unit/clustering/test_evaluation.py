"""Quality and stability of each number of clusters: scikit-learn's figures, bounded and repeatable."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_score,
)

from regulars.clustering import (
    ALGORITHMS,
    Evaluation,
    assign_scaled,
    choose_cluster_count,
    evaluate,
    evaluation,
    fit_clusters,
)
from regulars.clustering.scaling import fit_scaler
from regulars.errors import InvalidSettingError
from tests.unit.clustering.shop import EVALUATION, customers, rfm_recipe

WHOLE = replace(
    EVALUATION, evaluation_customers=10_000, silhouette_customers=10_000, quadratic_customers=10_000
)


@pytest.fixture(scope="module")
def scaled() -> np.ndarray:
    shop = customers(500)
    return fit_scaler(shop, rfm_recipe().features, winsorise_share=0.01).scaled(shop)


class TestMeasures:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_on_the_whole_they_are_scikit_learns(self, scaled, algorithm):
        found = evaluate(scaled, algorithm=algorithm, settings=WHOLE)
        assert [one.cluster_count for one in found] == [2, 3, 4]
        for one in found:
            clusters = fit_clusters(
                scaled,
                algorithm=algorithm,
                cluster_count=one.cluster_count,
                random_state=42,
                quadratic_customers=10_000,
                starts=evaluation.STARTS,
            )
            labels = assign_scaled(scaled, clusters)
            assert one.silhouette == pytest.approx(silhouette_score(scaled, labels))
            assert one.davies_bouldin == pytest.approx(davies_bouldin_score(scaled, labels))
            assert one.calinski_harabasz == pytest.approx(calinski_harabasz_score(scaled, labels))
            own = clusters.centroids[labels]
            assert one.inertia == pytest.approx(((scaled - own) ** 2).sum())
            assert one.smallest_share == np.bincount(labels).min() / 500

    def test_silhouettes_are_scikit_learns_whatever_the_labels(self):
        # few places, so that customers share one, and labels that leave clusters empty
        rng = np.random.default_rng(1)
        for _ in range(50):
            rows = rng.integers(0, 3, (12, 2)).astype(float)
            labels = [rng.choice(used, 12) for used in ([0, 1], [1, 4], [0, 2, 3, 7], [5])]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                found = evaluation.mean_silhouettes(rows, labels)
            expected = [
                silhouette_score(rows, own) if len(set(own)) > 1 else None for own in labels
            ]
            assert found == [pytest.approx(one) if one is not None else None for one in expected]
        assert evaluation.mean_silhouettes(np.ones((4, 2)), [np.array([0, 0, 1, 1])]) == [0]

    def test_rand_indices_are_scikit_learns_whatever_the_labels(self):
        rng = np.random.default_rng(1)
        for clusters in (1, 2, 3, 8):
            for _ in range(30):
                one, other = rng.integers(0, clusters, 9), rng.choice([0, 2, 5], 9)
                expected = adjusted_rand_score(one, other)
                assert evaluation.rand_index(one, other) == pytest.approx(expected)
                assert evaluation.rand_index(other, one) == pytest.approx(expected)
                assert evaluation.rand_index(one, one) == 1

    def test_inertia_of_kmeans_is_the_models_own(self, scaled):
        found = evaluate(scaled, algorithm="kmeans", settings=WHOLE)
        for one in found:
            model = KMeans(one.cluster_count, n_init=10, random_state=0).fit(scaled)
            assert one.inertia == pytest.approx(model.inertia_, rel=1e-3)

    def test_a_customer_alone_in_a_cluster_has_silhouette_zero(self):
        rows = np.array([[0.0], [1.0], [100.0]])
        (found,) = evaluate(
            rows, algorithm="kmeans", settings=replace(WHOLE, cluster_counts=(2,), bootstraps=0)
        )
        assert found.silhouette == pytest.approx((1 - 1 / 100 + 1 - 1 / 99 + 0) / 3)
        assert found.silhouette == pytest.approx(silhouette_score(rows, [0, 0, 1]))
        assert (found.bootstrap_ari_mean, found.bootstrap_ari_min) == (None, None)

    def test_as_many_clusters_as_customers_leave_the_measures_undefined(self):
        (found,) = evaluate(
            np.array([[0.0], [1.0], [5.0]]),
            algorithm="ward",
            settings=replace(WHOLE, cluster_counts=(3,)),
        )
        assert (found.silhouette, found.davies_bouldin, found.calinski_harabasz) == (None,) * 3
        assert found.inertia == 0
        assert found.smallest_share == pytest.approx(1 / 3)

    def test_one_cluster_has_no_silhouette(self, scaled):
        settings = replace(WHOLE, cluster_counts=(1,))
        (found,) = evaluate(scaled, algorithm="kmeans", settings=settings)
        assert found.silhouette is None
        assert found.bootstrap_ari_mean == 1
        assert found.inertia == pytest.approx(500 * 3)


@pytest.mark.parametrize("name", ["cluster_counts", "bootstraps", "random_state"])
def test_a_setting_without_a_value_is_refused(name):
    with pytest.raises(InvalidSettingError, match=f"{name} has no value"):
        replace(EVALUATION, **{name: None})


class TestStability:
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_it_is_a_rand_index_and_the_same_every_time(self, scaled, algorithm):
        once = evaluate(scaled, algorithm=algorithm, settings=EVALUATION)
        again = evaluate(scaled, algorithm=algorithm, settings=EVALUATION)
        assert once == again
        for one in once:
            assert -1 <= one.bootstrap_ari_min <= one.bootstrap_ari_mean <= 1

    def test_another_seed_draws_other_resamples(self, scaled):
        once = evaluate(scaled, algorithm="kmeans", settings=EVALUATION)
        other = evaluate(scaled, algorithm="kmeans", settings=replace(EVALUATION, random_state=1))
        assert [one.bootstrap_ari_min for one in once] != [one.bootstrap_ari_min for one in other]

    def test_it_compares_everyones_labels_with_those_of_a_fit_to_a_resample(self, scaled):
        settings = replace(WHOLE, cluster_counts=(4,), bootstraps=1)
        (found,) = evaluate(scaled, algorithm="kmeans", settings=settings)

        def labels(rows: np.ndarray, starts: int) -> np.ndarray:
            clusters = fit_clusters(
                rows,
                algorithm="kmeans",
                cluster_count=4,
                random_state=42,
                quadratic_customers=10_000,
                starts=starts,
            )
            return assign_scaled(scaled, clusters)

        drawn = scaled[np.random.default_rng(42).integers(0, 500, 500)]
        expected = adjusted_rand_score(labels(scaled, evaluation.STARTS), labels(drawn, 1))
        assert expected < 1
        assert found.bootstrap_ari_mean == found.bootstrap_ari_min == pytest.approx(expected)

    def test_clear_groups_are_stable_and_noise_is_not(self):
        rng = np.random.default_rng(8)
        corners = np.array([[0, 0], [9, 0], [0, 9]])
        clear = np.repeat(corners, 60, axis=0) + rng.normal(0, 0.5, (180, 2))
        noise = rng.uniform(0, 9, (180, 2))
        settings = replace(WHOLE, cluster_counts=(3,), bootstraps=4)
        stable, unstable = (
            evaluate(rows, algorithm="kmeans", settings=settings)[0] for rows in (clear, noise)
        )
        assert stable.bootstrap_ari_min == 1
        assert unstable.bootstrap_ari_mean < 0.9
        assert stable.silhouette > 0.8 > unstable.silhouette


class TestBounds:
    @pytest.fixture
    def seen(self, monkeypatch) -> dict[str, list[int]]:
        """How many customers each step was shown."""
        seen: dict[str, list[int]] = {}

        def spied(name):
            original = getattr(evaluation, name)

            def spy(rows, *rest, **settings):
                seen.setdefault(name, []).append(len(rows))
                return original(rows, *rest, **settings)

            return spy

        for name in ("fit_clusters", "ward_clusters", "mean_silhouettes", "davies_bouldin_score"):
            monkeypatch.setattr(evaluation, name, spied(name))
        return seen

    SETTINGS = replace(
        EVALUATION,
        evaluation_customers=300,
        silhouette_customers=120,
        quadratic_customers=80,
        bootstraps=1,
    )

    @pytest.mark.parametrize(
        ("algorithm", "step", "rows"),
        [("kmeans", "fit_clusters", 300), ("gmm", "fit_clusters", 80), ("ward", "ward_clusters", 80)],
    )  # fmt: skip
    def test_each_step_sees_its_share_of_customers(self, scaled, seen, algorithm, step, rows):
        found = evaluate(scaled, algorithm=algorithm, settings=self.SETTINGS)
        assert set(seen[step]) == {rows}
        assert set(seen["mean_silhouettes"]) == {120}
        assert set(seen["davies_bouldin_score"]) == {300}
        assert len(found) == 3

    def test_the_first_customers_are_the_ones_seen(self, scaled):
        changed = scaled.copy()
        changed[300:] += 50
        one, other = (
            evaluate(rows, algorithm="kmeans", settings=self.SETTINGS) for rows in (scaled, changed)
        )
        assert one == other

    def test_numbers_above_the_distinct_rows_are_left_out(self):
        rows = np.repeat([[0.0], [1.0], [5.0]], 20, axis=0)
        settings = replace(WHOLE, cluster_counts=(2, 3, 4, 10))
        found = evaluate(rows, algorithm="kmeans", settings=settings)
        assert [one.cluster_count for one in found] == [2, 3]
        assert found[1].silhouette == 1
        assert evaluate(rows[:20], algorithm="kmeans", settings=settings) == []

    @pytest.mark.filterwarnings("ignore:Number of distinct clusters")
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_resample_of_fewer_distinct_rows_than_clusters_is_no_crash(self, algorithm):
        # five of 60 differ, and a resample rarely draws them all
        rows = np.vstack([np.zeros((56, 2)), np.arange(8.0).reshape(4, 2) + 1])
        settings = replace(WHOLE, cluster_counts=(4, 5), bootstraps=6)
        found = evaluate(rows, algorithm=algorithm, settings=settings)
        assert [one.cluster_count for one in found] == [4, 5]
        assert all(-1 <= one.bootstrap_ari_min <= 1 for one in found)


def judged(count: int, silhouette: float | None, ari: float | None, share: float) -> Evaluation:
    return Evaluation(
        cluster_count=count,
        inertia=1.0,
        silhouette=silhouette,
        davies_bouldin=None,
        calinski_harabasz=None,
        bootstrap_ari_mean=ari,
        bootstrap_ari_min=ari,
        smallest_share=share,
    )


class TestChoice:
    @pytest.mark.parametrize(
        ("evaluations", "chosen"),
        [
            # stable, no sliver: the best silhouette
            ([judged(2, 0.3, 0.99, 0.4), judged(3, 0.4, 0.9, 0.3), judged(4, 0.5, 0.89, 0.2)], 3),
            # a better silhouette of whales alone in a cluster does not count
            ([judged(2, 0.9, 1.0, 0.019), judged(4, 0.38, 0.95, 0.21)], 4),
            ([judged(2, 0.9, 1.0, 0.02), judged(4, 0.38, 0.95, 0.21)], 2),
            # equal silhouettes: fewer clusters
            ([judged(5, 0.4, 0.95, 0.1), judged(3, 0.4, 0.92, 0.1)], 3),
            # none stable: the most stable, slivers or not, whatever its silhouette
            ([judged(2, 0.5, 0.6, 0.3), judged(3, 0.2, 0.8, 0.01), judged(4, 0.4, 0.7, 0.1)], 3),
            ([judged(4, 0.5, 0.7, 0.3), judged(3, 0.2, 0.7, 0.3)], 3),
            # without resamples nothing is known to be stable
            ([judged(3, 0.5, None, 0.3), judged(2, 0.2, 0.1, 0.3)], 2),
            # without a silhouette nothing can be judged
            ([judged(2, None, 1.0, 0.5), judged(3, 0.1, 0.2, 0.3)], 3),
            ([judged(2, None, 1.0, 0.5)], None),
            ([], None),
        ],
    )  # fmt: skip
    def test_the_rule(self, evaluations, chosen):
        assert choose_cluster_count(evaluations, settings=EVALUATION) == chosen
        assert choose_cluster_count(evaluations[::-1], settings=EVALUATION) == chosen
