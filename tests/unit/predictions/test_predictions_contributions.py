"""Contributions sum to what is served, on every rung that has any."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_expit, logit
from tests.conftest import ROOT
from tests.unit.predictions.conftest import Shop, simulate_shop

from regulars.errors import UnusableInputError
from regulars.predictions import window
from regulars.predictions.contributions import (
    CHURN_TASK,
    NEXT_PURCHASE_TASK,
    VALUE_TASK,
    Explanation,
    explain,
    shares,
)
from regulars.predictions.process_parts import ARGUMENT_FEATURES, ProcessParts
from regulars.predictions.reasons import EFFECTS, customer_reasons, read_wordings
from regulars.predictions.recipes import FEATURES, PROCESS_FEATURES, PurchaseHistory, safe_logit
from regulars.predictions.score import Serving, read_registry, score_batch
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.workflow import train_and_judge

SEED = pd.read_csv(ROOT / "seeds/predictions/feature_wordings.csv")


def serve(shop: Shop, settings: PredictionSettings) -> Serving:
    predictions = train_and_judge(
        shop.snapshots,
        shop_days=shop.shop_days,
        shop_windows=shop.shop_windows,
        date=shop.date,
        customer_count=len(shop.scoring_rows),
        settings=settings,
    )
    return read_registry(predictions.registry)


@pytest.fixture(scope="module", params=["recipe", "process"])
def served(
    request: pytest.FixtureRequest, shop: Shop, settings: PredictionSettings
) -> tuple[Serving, pd.DataFrame]:
    """The models of a shop on each rung with models, and its customers."""
    shop = shop if request.param == "recipe" else simulate_shop(200, 300)
    return serve(shop, settings), shop.scoring_rows


def served_scores(serving: Serving, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    scores = score_batch(serving, rows)
    near, none = (
        scores[f"{name}_probability"] for name in ("next_order_within_30d", "no_order_within_90d")
    )
    return {
        CHURN_TASK: logit(scores["churn_probability_90d"].to_numpy()),
        VALUE_TASK: np.log(scores["clv_90d"].to_numpy()),
        NEXT_PURCHASE_TASK: np.log(near / none).to_numpy(),
    }


def test_contributions_sum_to_every_served_score(served: tuple[Serving, pd.DataFrame]) -> None:
    serving, rows = served
    explained = explain(serving, serving.forecaster.backbone.describe(rows))
    for task, score in served_scores(serving, rows).items():
        np.testing.assert_allclose(explained[task].score, score, atol=1e-9, err_msg=task)
        assert np.ptp(score) > 1


def test_floors_keep_the_sums(
    shop: Shop, settings: PredictionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving = serve(shop, settings)
    assert serving.forecaster.window is not None
    monkeypatch.setattr(window, "SMALLEST_CHANCE", 0.2)
    described = serving.forecaster.backbone.describe(shop.scoring_rows)
    floored = serving.forecaster.window.trees.predict(described.places) < 0.2
    assert floored.any(axis=1).mean() > 0.2
    np.testing.assert_allclose(
        explain(serving, described)[NEXT_PURCHASE_TASK].score,
        served_scores(serving, shop.scoring_rows)[NEXT_PURCHASE_TASK],
        atol=1e-9,
    )


def test_what_the_processes_forecast_is_told_by_what_they_know(
    served: tuple[Serving, pd.DataFrame],
) -> None:
    serving, rows = served
    for explanation in explain(serving, serving.forecaster.backbone.describe(rows)).values():
        for feature in PROCESS_FEATURES:
            assert (explanation.contributions[:, FEATURES.index(feature)] == 0).all(), feature
        for feature in ("frequency", "recency_days", "tenure_days"):
            assert explanation.contributions[:, FEATURES.index(feature)].any(), feature


def history(*customers: tuple[float, float, float, float]) -> PurchaseHistory:
    return PurchaseHistory(*np.array(customers, dtype=float).T)


def test_the_process_is_split_against_the_typical_customer(
    served: tuple[Serving, pd.DataFrame],
) -> None:
    serving, rows = served
    backbone, reference = serving.forecaster.backbone, serving.reference
    assert list(reference) == list(ARGUMENT_FEATURES)
    assert reference["recency_days"] == np.quantile(rows["recency_days"], 0.5, method="lower")
    typical = tuple(reference.values())
    # rows as the reference, with a longer silence, with another mean spend, and of one purchase day
    own = history(
        typical,
        (typical[0], typical[1] + 20, *typical[2:]),
        (*typical[:3], typical[3] * 3),
        (1, 200, 200, 10),
    )
    parts = ProcessParts(backbone, own, reference)
    base = float(safe_logit(backbone.no_order(history(typical), 90))[0])
    assert parts.churn_logit.base == pytest.approx(base)
    assert (parts.churn_logit.parts[0] == 0).all()
    assert (parts.churn_logit.parts[1] != 0).tolist() == [False, True, False, False]
    assert (parts.churn_logit.parts[2] == 0).all()
    assert (parts.log_value.parts[2] != 0).tolist() == [False, False, False, True]
    np.testing.assert_allclose(
        base + parts.churn_logit.parts.sum(axis=1), safe_logit(backbone.no_order(own, 90))
    )


def test_numbers_that_no_customer_has_are_read_as_the_nearest_history() -> None:
    # a single purchase day is the last one; the last is never before the first
    mixed = history((1, 30, 400, 5), (4, 500, 100, 5), (4, 30, 100, 5)).purchases
    assert mixed["x"].tolist() == [0, 3, 3]
    assert mixed["t_x"].tolist() == [0, 0, 70]
    assert mixed["T"].tolist() == [400, 100, 100]


def test_a_curve_stretches_contributions_and_keeps_the_sum() -> None:
    parts = np.array([[2.0, -1.0], [1e-9, 0.0], [3.0, -3.0], [-4.0, -9.0]])
    curved = Explanation(parts, 0.5).through(log_expit)
    np.testing.assert_allclose(curved.score, log_expit(0.5 + parts.sum(axis=1)), atol=1e-12)
    assert (np.sign(curved.contributions) == np.sign(parts)).all()
    assert (np.abs(curved.contributions) <= np.abs(parts)).all()


def test_sizes_are_shared_evenly_where_all_are_zero() -> None:
    np.testing.assert_allclose(
        shares(np.array([[3.0, -1.0], [0.0, 0.0]])), [[0.75, 0.25], [0.5, 0.5]]
    )


def test_reasons_are_sentences_of_each_task(served: tuple[Serving, pd.DataFrame]) -> None:
    serving, rows = served
    reasons = customer_reasons(serving, rows, wordings=read_wordings(SEED))
    assert set(reasons["task"]) == set(EFFECTS)
    assert reasons.groupby(["customer_id", "task"]).size().max() <= 5
    strengths = reasons["contribution"].abs().groupby([reasons["customer_id"], reasons["task"]])
    assert strengths.apply(lambda parts: parts.is_monotonic_decreasing).all()
    assert not set(reasons["feature"]) & {*PROCESS_FEATURES, *SEED.dropna()["feature"]}
    for task, effect in EFFECTS.items():
        own = reasons[reasons["task"] == task]
        raised = own["sentence"].str.endswith(f"; this raises {effect}.")
        lowered = own["sentence"].str.endswith(f"; this lowers {effect}.")
        assert (raised == (own["contribution"] > 0)).all()
        assert (lowered == (own["contribution"] < 0)).all()
    silent = reasons[reasons["feature"] == "recency_days"].iloc[0]
    assert silent["sentence"].startswith(
        f"Days since the last order: {silent['value']:,.0f} days, "
    )


def test_one_quantity_is_told_once(shop: Shop, settings: PredictionSettings) -> None:
    serving = serve(shop, settings)
    described = serving.forecaster.backbone.describe(shop.scoring_rows)
    contributions = explain(serving, described)[CHURN_TASK].contributions
    merged = read_wordings(SEED).merged(contributions)
    np.testing.assert_allclose(merged.sum(axis=1), contributions.sum(axis=1))
    same = [FEATURES.index(name) for name in ("frequency", "f_score", "days_active")]
    np.testing.assert_allclose(merged[:, same[0]], contributions[:, same].sum(axis=1))
    assert (merged[:, same[1:]] == 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature": {"recency_days": "recency"}}, "lack the features recency_days"),
        ({"format": {"recency_days": "weeks"}}, "unknown formats: weeks"),
        ({"told_as": {"tenure_days": "tenure"}}, "tell features as tenure:"),
        ({"told_as": {"recency_days": "f_score"}}, "tell features as f_score, recency_days:"),
    ],
)
def test_unusable_wordings_are_refused(changes: dict[str, dict[str, str]], message: str) -> None:
    wrong = SEED.astype(object).set_index("feature", drop=False)
    for column, cells in changes.items():
        for feature, cell in cells.items():
            wrong.loc[feature, column] = cell
    with pytest.raises(UnusableInputError, match=message):
        read_wordings(wrong)


def test_segment_rates_have_no_reasons(settings: PredictionSettings) -> None:
    small = simulate_shop(40, 200)
    serving = serve(small, settings)
    assert serving.forecaster is None
    assert customer_reasons(serving, small.scoring_rows, wordings=read_wordings(SEED)).empty


def test_a_customer_alone_has_the_reasons_of_the_batch(
    served: tuple[Serving, pd.DataFrame],
) -> None:
    serving, rows = served
    words = read_wordings(SEED)
    whole = customer_reasons(serving, rows, wordings=words)
    alone = customer_reasons(serving, rows.iloc[[3]], wordings=words)
    own = whole[whole["customer_id"] == rows.iloc[3]["customer_id"]].reset_index(drop=True)
    assert alone["sentence"].tolist() == own["sentence"].tolist()
    np.testing.assert_allclose(alone["contribution"], own["contribution"], rtol=1e-9)


def test_the_registry_keeps_the_reference(shop: Shop, settings: PredictionSettings) -> None:
    serving = serve(shop, settings)
    again = read_registry(serving.to_registry())
    assert again.reference == serving.reference
    assert dataclasses.asdict(again.settings) == dataclasses.asdict(serving.settings)
