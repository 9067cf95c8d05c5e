"""Training, judging and scoring as a whole: leakage, repetition, the ladder, one customer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.unit.predictions.conftest import NUMBERS, Shop, simulate_shop

from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.predictions.backtest import Backtest, decision_threshold, run_backtests
from regulars.predictions.frame import HORIZONS, SHOP_WINDOW_COLUMNS, read_snapshots
from regulars.predictions.judge import champions, judge
from regulars.predictions.recipes import FEATURES
from regulars.predictions.score import SCORE_COLUMNS, SMALLEST_CHANCE, read_registry, score_batch
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import describe_origins
from regulars.predictions.value_intervals import fit_value_intervals
from regulars.predictions.workflow import Predictions, train_and_judge


def run(shop: Shop, settings: PredictionSettings, date: pd.Timestamp | None = None) -> Predictions:
    date = date or shop.date
    return train_and_judge(
        shop.snapshots,
        shop_days=shop.shop_days,
        shop_windows=shop.shop_windows,
        date=date,
        customer_count=int((shop.snapshots["as_of_date"] == date).sum()),
        settings=settings,
    )


@pytest.fixture(scope="module")
def predictions(shop: Shop, settings: PredictionSettings) -> Predictions:
    return run(shop, settings)


@pytest.fixture(scope="module")
def scores(shop: Shop, predictions: Predictions) -> pd.DataFrame:
    return score_batch(read_registry(predictions.registry), shop.scoring_rows)


def test_scores_are_within_their_bounds(scores: pd.DataFrame) -> None:
    assert tuple(scores.columns) == SCORE_COLUMNS
    assert scores["churn_probability_90d"].between(0, 1, inclusive="neither").all()
    assert scores["churn_probability_90d"].nunique() > 100
    assert (scores["clv_90d"] > 0).all()
    assert (scores["clv_90d_low"] <= scores["clv_90d_high"]).all()
    assert (scores["clv_90d_high"] <= scores["clv_90d_upper_90"]).all()
    windows = [
        "next_order_within_30d_probability",
        "next_order_31_to_90d_probability",
        "no_order_within_90d_probability",
    ]
    np.testing.assert_allclose(scores[windows].sum(axis=1), 1)
    assert not scores["is_withheld"].any()
    assert set(scores["clv_tier"]) == {"Low", "Mid", "High", "Premium"}


def test_value_at_risk_is_churn_times_value_if_active(scores: pd.DataFrame) -> None:
    churn, value = scores["churn_probability_90d"], scores["clv_90d"]
    if_active = value / np.maximum(1 - churn, SMALLEST_CHANCE)
    np.testing.assert_allclose(scores["value_at_risk_90d"], churn * if_active)
    np.testing.assert_allclose(
        scores["campaign_priority_score"], 0.1 * 0.4 * scores["value_at_risk_90d"] - 1.0
    )


def test_one_customer_scores_as_in_the_batch(
    shop: Shop, predictions: Predictions, scores: pd.DataFrame
) -> None:
    serving = read_registry(predictions.registry)
    for number in (0, 17, len(scores) - 1):
        alone = score_batch(serving, shop.scoring_rows.iloc[[number]])
        pd.testing.assert_frame_equal(
            alone, scores.iloc[[number]].reset_index(drop=True), check_exact=True
        )


def test_the_registry_scores_as_the_models_that_were_trained(
    shop: Shop, predictions: Predictions, scores: pd.DataFrame
) -> None:
    forecaster = predictions.serving.forecaster
    assert forecaster is not None
    forecast = forecaster.forecast(forecaster.backbone.describe(shop.scoring_rows))
    for days in (90, 180):
        assert (scores[f"churn_probability_{days}d"] == forecast.churn[days]).all()
        assert (scores[f"clv_{days}d"] == forecast.value[days]).all()


def test_two_runs_are_identical(
    shop: Shop, settings: PredictionSettings, predictions: Predictions
) -> None:
    shuffled = dataclasses.replace(
        shop, snapshots=shop.snapshots.sample(frac=1, random_state=3).reset_index(drop=True)
    )
    again = run(shuffled, settings)
    pd.testing.assert_frame_equal(again.registry, predictions.registry, check_exact=True)
    pd.testing.assert_frame_equal(again.backtest, predictions.backtest, check_exact=True)


def test_nothing_after_the_date_reaches_what_is_served(
    shop: Shop, settings: PredictionSettings
) -> None:
    date = shop.date - pd.Timedelta(days=180)
    served = run(shop, settings, date).registry
    changed = shop.snapshots.copy()
    for days in HORIZONS:
        later = changed["as_of_date"] + pd.Timedelta(days=days) > date
        changed.loc[later, f"orders_{days}d"] = 99
        changed.loc[later, f"revenue_{days}d"] = 1e6
    changed.loc[changed["as_of_date"] > date, "order_revenue"] = 1e6
    windows = shop.shop_windows.copy()
    ends = windows["start_date"] + pd.to_timedelta(windows["horizon_days"], "D")
    windows.loc[ends > date, ["revenue", "existing_revenue", "active_customers"]] = 1e6
    days = shop.shop_days.copy()
    days.loc[days["sold_date"] >= date, "order_count"] = 1e6
    future = Shop(changed, days, windows, shop.date)
    pd.testing.assert_frame_equal(run(future, settings, date).registry, served, check_exact=True)


def test_an_outcome_before_the_date_does_reach_it(shop: Shop, settings: PredictionSettings) -> None:
    """The counterpart of the leakage test: it would notice if outcomes were not read at all."""
    date = shop.date - pd.Timedelta(days=180)
    served = run(shop, settings, date).registry
    changed = shop.snapshots.copy()
    before = changed["as_of_date"] + pd.Timedelta(days=90) == date
    changed.loc[before, "orders_90d"] = (changed.loc[before, "orders_90d"] == 0).astype(float)
    later = run(dataclasses.replace(shop, snapshots=changed), settings, date).registry
    assert not later.equals(served)


def test_the_registry_is_text_and_names_features_in_order(predictions: Predictions) -> None:
    names = set(predictions.registry["model_name"])
    assert {"serving", "backbone"} <= names
    assert predictions.registry["feature_names"].str.startswith(f'["{FEATURES[0]}"').all()
    texts = predictions.registry["model_text"].dropna()
    assert texts.str.startswith("tree").all()


def test_every_origin_is_judged_against_every_baseline(predictions: Predictions) -> None:
    rows = predictions.backtest
    rows = rows[(rows["slice"] == "all") & (rows["task"] == "churn") & (rows["horizon_days"] == 90)]
    models = {
        "ours",
        "bg_nbd",
        "last_period",
        "historical_rate",
        "same_window_last_year",
        "recency_only",
    }
    assert rows.groupby("origin")["model"].apply(set).map(models.__eq__).all()
    ours = rows[rows["model"] == "ours"]
    assert (ours["roc_auc_low"] <= ours["roc_auc"]).all()
    assert (ours["roc_auc"] <= ours["roc_auc_high"]).all()


def figures_of(task: str, ours: dict[int, float]) -> pd.DataFrame:
    rows = [
        {"task": task, "horizon_days": days, "slice_type": "all", "model": model, "gini": gini}
        for days, figure in ours.items()
        for model, gini in (("ours", figure), ("bg_nbd", 0.8))
    ]
    return pd.DataFrame(rows).assign(origin=pd.Timestamp("2024-01-01"))


@pytest.mark.parametrize(("at_90", "wins"), [(0.81, True), (0.79, False)])
def test_the_ninety_days_that_models_learn_from_decide_for_all_horizons(
    at_90: float, wins: bool
) -> None:
    decided = champions(figures_of("value", {90: at_90, 180: 0.7, 365: 0.9}))
    assert {days: won for (_, days), (won, _) in decided.items()} == dict.fromkeys(
        (90, 180, 365), wins
    )
    assert "gini 0.7000, BG/NBD 0.8000" in decided["value", 180][1]


@pytest.fixture(scope="module")
def long_shop() -> Shop:
    """A shop with a window of a year that is over."""
    return simulate_shop(300, 620)


@pytest.fixture(scope="module")
def long_backtests(long_shop: Shop, settings: PredictionSettings) -> list[Backtest]:
    return run_backtests(
        describe_origins(
            read_snapshots(long_shop.snapshots), shop_days=long_shop.shop_days, season_days=365
        ),
        date=long_shop.date,
        first_date=long_shop.shop_days["sold_date"].min(),
        shop_windows=long_shop.shop_windows,
        settings=settings,
    )


def test_levels_of_past_dates_are_the_shops_though_models_see_a_sample(
    long_shop: Shop, long_backtests: list[Backtest], settings: PredictionSettings
) -> None:
    # the same customers as half of a shop that is twice as large
    counts = [name for name in SHOP_WINDOW_COLUMNS if name not in ("start_date", "horizon_days")]
    windows = long_shop.shop_windows.astype(dict.fromkeys(counts, float))
    sampled = run_backtests(
        describe_origins(
            read_snapshots(long_shop.snapshots), shop_days=long_shop.shop_days, season_days=365
        ),
        date=long_shop.date,
        first_date=long_shop.shop_days["sold_date"].min(),
        shop_windows=windows.assign(**{name: 2 * windows[name] for name in counts}),
        settings=settings,
    )
    assert any(backtest.forecaster.value_scales for backtest in long_backtests)
    for half, whole in zip(sampled, long_backtests, strict=True):
        np.testing.assert_allclose(half.forecast.churn[90], whole.forecast.churn[90], rtol=1e-6)
        np.testing.assert_allclose(half.forecast.value[90], whole.forecast.value[90], rtol=1e-6)


def test_coverage_is_of_intervals_that_could_have_been_served(
    long_backtests: list[Backtest], settings: PredictionSettings
) -> None:
    rows = judge(long_backtests, settings=settings)
    rows = rows[(rows["task"] == "value") & (rows["horizon_days"] == 90)]
    assert rows.loc[rows["model"] != "ours", "interval_coverage"].isna().all()
    ours = rows[rows["model"] == "ours"]
    first, last = long_backtests[0], long_backtests[-1]
    # no window was over on the first date; one begins 90 days before the second
    assert ours.loc[ours["origin"] == first.origin.date, "interval_coverage"].isna().all()
    later = ours[ours["origin"] > first.origin.date]
    assert later[["interval_coverage", "upper_90_coverage"]].notna().all(axis=None)
    assert set(later["slice_type"]) == {"all", "confidence_tier", "segment"}

    model = fit_value_intervals(long_backtests[:-1], 90, settings=settings)
    low, high, upper = model.bounds(
        last.forecast.value[90],
        no_order=last.forecast.churn[90],
        order_count=last.origin.described.order_count,
    )
    actual = last.example.revenue[90]
    members = (last.origin.frame["confidence_tier"] == "Established").to_numpy()
    for slice_name, chosen in (("all", np.full(len(actual), True)), ("Established", members)):
        row = later[(later["origin"] == last.origin.date) & (later["slice"] == slice_name)].iloc[0]
        inside = (actual >= low) & (actual <= high)
        assert row["interval_coverage"] == pytest.approx(inside[chosen].mean())
        assert row["upper_90_coverage"] == pytest.approx((actual <= upper)[chosen].mean())
    assert 0.6 < row["interval_coverage"] < 1


def test_a_year_is_judged_where_one_is_over_and_marked(
    long_backtests: list[Backtest], settings: PredictionSettings
) -> None:
    rows = judge(long_backtests, settings=settings)
    year = rows[rows["horizon_days"] == 365]
    assert set(year["task"]) == {"value"}
    assert set(year["origin"]) == {long_backtests[0].origin.date}
    assert year["is_low_confidence"].all()
    assert not rows.loc[rows["horizon_days"] < 365, "is_low_confidence"].any()
    assert set(year["model"]) == {
        "ours", "bg_nbd", "last_period", "historical_rate", "recency_only",
    }  # fmt: skip
    assert year.loc[year["slice"] == "all", "gini"].notna().all()
    # nothing to calibrate on had ended
    assert year["interval_coverage"].isna().all()


def test_nobody_is_above_a_threshold_that_was_not_chosen(settings: PredictionSettings) -> None:
    small = simulate_shop(200, 190)
    serving = read_registry(run(small, settings).registry)
    assert serving.forecaster is not None
    assert serving.threshold is None
    scores = score_batch(serving, small.scoring_rows)
    assert scores["churn_probability_90d"].notna().all()
    assert scores["is_above_contact_threshold"].isna().all()
    chosen = dataclasses.replace(serving, threshold={"threshold": 0.5})
    above = score_batch(chosen, small.scoring_rows)["is_above_contact_threshold"]
    assert (above == (scores["churn_probability_90d"] >= 0.5)).all()


def test_the_threshold_ignores_the_window_it_is_judged_on(
    shop: Shop, settings: PredictionSettings
) -> None:
    origins = describe_origins(
        read_snapshots(shop.snapshots), shop_days=shop.shop_days, season_days=365
    )
    backtests = run_backtests(
        origins,
        date=shop.date,
        first_date=shop.shop_days["sold_date"].min(),
        shop_windows=shop.shop_windows,
        settings=dataclasses.replace(settings, contact_cost=3.0),
    )
    dear = dataclasses.replace(settings, contact_cost=3.0)
    chosen = decision_threshold(backtests, settings=dear)
    last = backtests[-1]
    flipped = dataclasses.replace(
        last,
        example=dataclasses.replace(
            last.example, orders={90: (last.example.orders[90] == 0).astype(float)}
        ),
    )
    other = decision_threshold([*backtests[:-1], flipped], settings=dear)
    assert chosen is not None
    assert other is not None
    assert chosen["threshold"] == other["threshold"]
    assert chosen["precision"] != other["precision"]


@pytest.mark.parametrize(
    ("customers", "days", "rung", "reason"),
    [
        (40, 420, "segment_rates", "customers are fewer than the 50"),
        (200, 95, "purchase_process", "fewer than"),
        (200, 240, "purchase_process", "customers are fewer than the 300"),
        (1000, 300, "purchase_process", "Windows over"),
    ],
)
def test_small_shops_choose_a_rung_and_say_why(
    settings: PredictionSettings, customers: int, days: int, rung: str, reason: str
) -> None:
    small = simulate_shop(customers, days, seed=5)
    predictions = run(small, settings)
    assert set(predictions.eligibility["rung"]) == {rung}
    assert predictions.eligibility["reason"].str.contains(reason).all()
    scores = score_batch(read_registry(predictions.registry), small.scoring_rows)
    assert len(scores) == len(small.scoring_rows)
    assert scores["churn_probability_90d"].notna().all() or scores["withheld_reason"].notna().all()


def test_a_shop_without_a_finished_window_withholds_with_a_reason(
    settings: PredictionSettings,
) -> None:
    young = simulate_shop(30, 100)
    scores = score_batch(read_registry(run(young, settings).registry), young.scoring_rows)
    assert scores["churn_probability_90d"].isna().all()
    assert scores["withheld_reason"].str.contains("No finished window").all()


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="margin"):
        PredictionSettings(**{**NUMBERS, "margin": None})


def test_a_missing_column_is_named(shop: Shop, settings: PredictionSettings) -> None:
    with pytest.raises(UnusableInputError, match="orders_90d"):
        run(
            dataclasses.replace(shop, snapshots=shop.snapshots.drop(columns="orders_90d")), settings
        )
