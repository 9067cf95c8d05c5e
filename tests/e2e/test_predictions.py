"""Predictions of the sample shop and of small shops, served by a whole build."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from regulars.predictions.contributions import explain
from regulars.predictions.frame import SCORING_COLUMNS
from regulars.predictions.reasons import TOP_REASONS, read_wordings
from regulars.predictions.recipes import FEATURES
from regulars.predictions.score import read_registry, score_batch
from tests.conftest import PAST, ROOT, Build, run_dbt
from tests.tables import content

FEATURE_COLUMNS = ", ".join(SCORING_COLUMNS)
TIERS = ("New", "Cold start", "Emerging", "Established")
CHECKED = "no_feature_separates_lost_customers"


def frame(build: Build, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(build.database), read_only=True) as connection:
        return connection.execute(sql).df()


@pytest.fixture(scope="module")
def scores(sample: Build) -> pd.DataFrame:
    return frame(sample, "from customer_scores order by customer_id")


@pytest.fixture(scope="module")
def settings(sample: Build) -> dict[str, float]:
    rows = sample.query("select setting, value from build_settings")
    return {name: json.loads(value) for name, value in rows}


def test_every_customer_has_scores_from_the_full_recipe(
    sample: Build, scores: pd.DataFrame
) -> None:
    assert len(scores) == scores["customer_id"].nunique() == sample.summary["customer_count"]
    assert set(scores["churn_model"]) == {"recipe"}
    served = [
        name
        for name in scores.columns
        # one-time buyers have no rhythm; small tiers have no figures
        if not name.startswith(("next_order_days", "next_order_date", "tier_", "withheld"))
    ]
    assert [name for name in served if scores[name].isna().any()] == []
    repeats = dict(sample.query("select customer_id, order_count > 1 from customers"))
    dated = scores["next_order_date_expected"].notna()
    assert not dated[~scores["customer_id"].map(repeats)].any()
    assert dated.mean() > 0.3


def test_probabilities_and_intervals_are_what_they_are_called(scores: pd.DataFrame) -> None:
    for name in scores.columns:
        if name.endswith(("_probability", "_probability_90d", "_probability_180d", "_percentile")):
            assert scores[name].between(0, 1).all(), name
    chances = scores[
        [
            "next_order_within_30d_probability",
            "next_order_31_to_90d_probability",
            "no_order_within_90d_probability",
        ]
    ]
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-9)
    windows = np.array(["Active", "Warming", "Dormant"])
    assert (windows[chances.to_numpy().argmax(axis=1)] == scores["next_purchase_window"]).all()
    # whoever orders within 90 days orders within 180
    assert (scores["churn_probability_180d"] <= scores["churn_probability_90d"] + 0.05).all()
    for days in (90, 180, 365):
        low, value, high = (scores[f"clv_{days}d{part}"] for part in ("_low", "", "_high"))
        assert ((low >= 0) & (low <= high) & (high <= scores[f"clv_{days}d_upper_90"])).all()
        # expected values that a few large orders carry lie above most outcomes
        assert (value >= low).mean() > 0.99
    dated = scores.dropna(subset=["next_order_date_expected"])
    gone = (dated["next_order_date_expected"] - dated["as_of_date"]).dt.days
    assert (gone == dated["next_order_days_expected"]).all()


def test_tiers_deciles_and_bands_follow_from_the_scores(
    scores: pd.DataFrame, settings: dict[str, float]
) -> None:
    for group, score, order in (
        ("clv_tier", "clv_90d", ["Low", "Mid", "High", "Premium"]),
        ("clv_decile", "clv_90d", list(range(1, 11))),
        ("churn_decile", "churn_probability_90d", list(range(1, 11))),
    ):
        found = scores.groupby(group)[score].agg(["min", "max", "size"]).loc[order]
        assert (found["max"].to_numpy()[:-1] <= found["min"].to_numpy()[1:]).all(), group
        assert np.allclose(found["size"], len(scores) / len(order), rtol=0.06), group
    bands = np.where(
        scores["churn_probability_90d"] >= settings["risk_band_high_from"],
        "High",
        np.where(
            scores["churn_probability_90d"] >= settings["risk_band_medium_from"], "Medium", "Low"
        ),
    )
    assert (bands == scores["churn_risk_band"]).all()
    assert len(set(bands)) == 3


def test_value_at_risk_and_priority_are_what_their_descriptions_say(
    scores: pd.DataFrame, settings: dict[str, float]
) -> None:
    churn, value = scores["churn_probability_90d"], scores["clv_90d"]
    if_active = value / np.maximum(1 - churn, 1e-3)
    assert np.allclose(scores["value_if_active_90d"], if_active)
    assert np.allclose(scores["value_at_risk_90d"], churn * if_active)
    gain = (
        settings["campaign_success_rate"] * churn * if_active * settings["campaign_margin"]
        - settings["campaign_contact_cost"]
    )
    assert np.allclose(scores["campaign_priority_score"], gain)


def test_contributions_sum_to_the_served_scores(sample: Build, scores: pd.DataFrame) -> None:
    serving = read_registry(frame(sample, "from model_registry"))
    rows = frame(
        sample,
        f"select {FEATURE_COLUMNS} from training_snapshots where is_scoring_date order by customer_id",
    )
    explained = explain(serving, serving.forecaster.backbone.describe(rows.pipe(typed)))
    churn = scores["churn_probability_90d"].to_numpy()
    # a probability nearer to 1 holds fewer digits of its logit
    inner = churn < 1 - 1e-7
    assert inner.mean() > 0.99
    served = {
        "churn_90d": logit(churn),
        "value_90d": np.log(scores["clv_90d"].to_numpy()),
        "next_purchase": np.log(
            scores["next_order_within_30d_probability"] / scores["no_order_within_90d_probability"]
        ).to_numpy(),
    }
    for task, score in served.items():
        assert explained[task].score[inner] == pytest.approx(score[inner], abs=1e-9), task

    reasons = frame(sample, "from customer_score_reasons order by customer_id, task, reason_rank")
    wordings = read_wordings(pd.read_csv(ROOT / "seeds/predictions/feature_wordings.csv"))
    customers = pd.Index(scores["customer_id"])
    for task, explanation in explained.items():
        own = reasons[reasons["task"] == task]
        assert set(own["customer_id"]) == set(customers)
        merged = wordings.merged(explanation.contributions)
        position = [FEATURES.index(feature) for feature in own["feature"]]
        expected = merged[customers.get_indexer(own["customer_id"]), position]
        assert own["contribution"].to_numpy() == pytest.approx(expected)
        strongest = -np.sort(-np.abs(merged), axis=1)[:, :TOP_REASONS].ravel()
        # the purchase process knows fewer than five things
        assert own["contribution"].abs().to_numpy() == pytest.approx(strongest[strongest > 0])
        assert own["sentence"].str.contains(r"\d|: yes;|: no;|: none yet;").all()
        raising = own["sentence"].str.contains("; this raises ")
        assert (raising == (own["contribution"] > 0)).all()
    assert reasons["task"].nunique() == 3


def test_reasons_name_what_a_marketer_knows(sample: Build) -> None:
    """No forecast of another model leads; it is split among what it knows of the customer."""
    leading = sample.query(
        """
        select task, count(*) filter (where feature like 'process_%'),
            max(customers) / sum(customers)
        from (
            select task, feature, count(*) as customers
            from customer_score_reasons where reason_rank = 1 group by task, feature
        )
        group by task
        """
    )
    for task, process, share in leading:
        assert process == 0, task
        assert share < 0.8, task


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    texts = {"customer_id", "segment", "confidence_tier", "as_of_date"}
    return rows.astype({name: float for name in rows.columns if name not in texts})


def test_a_customer_is_scored_from_the_registry_alone(sample: Build, scores: pd.DataFrame) -> None:
    registry = frame(sample, "from model_registry")
    for number in (0, len(scores) // 2):
        customer = scores.iloc[number]
        row = frame(
            sample,
            f"select {FEATURE_COLUMNS} from training_snapshots "
            f"where is_scoring_date and customer_id = '{customer.customer_id}'",
        )
        alone = score_batch(read_registry(registry), row).iloc[0]
        for name in ("churn_probability_90d", "clv_90d", "clv_180d_high", "value_rank_90d"):
            assert alone[name] == pytest.approx(customer[name], rel=1e-12), name


def test_the_registry_holds_text_and_numbers_only(sample: Build) -> None:
    types = {kind for _, kind, *_ in sample.query("describe model_registry")}
    assert types == {"DATE", "VARCHAR", "INTEGER"}
    rows = sample.query("select parameters, model_text, metrics from model_registry")
    for parameters, text, metrics in rows:
        json.loads(parameters)
        assert text is None or text.startswith("tree\n")
        assert metrics is None or json.loads(metrics)[0]["model"] == "ours"


def test_the_process_is_shown_beside_the_scores(sample: Build) -> None:
    alive, one_time, served = sample.query(
        """
        select min(alive_probability) filter (where repeat_purchase_days = 0),
            bool_and(is_order_value_of_one_order = (repeat_purchase_days = 0)), count(alive_probability)
        from customer_lifetime
        """
    )[0]
    assert alive == 1
    assert served == sample.summary["customer_count"]
    assert one_time is not None


def test_backtests_name_the_baselines_and_the_tiers(sample: Build) -> None:
    found = sample.query("select distinct model from model_backtest where task = 'churn'")
    assert {name for (name,) in found} == {
        "ours", "bg_nbd", "last_period", "historical_rate", "same_window_last_year", "recency_only",
    }  # fmt: skip
    tiers = sample.query(
        "select distinct slice from model_backtest where slice_type = 'confidence_tier'"
    )
    assert len(tiers) == 4
    best = sample.query(
        """
        select model from model_backtest
        where task = 'churn' and horizon_days = 90 and slice_type = 'all'
        group by model order by avg(roc_auc) desc
        """
    )
    assert {best[0][0], best[1][0]} == {"ours", "bg_nbd"}
    shares = sample.query("select task, sum(importance) from model_feature_importance group by 1")
    assert {task for task, _ in shares} >= {"churn", "next_purchase"}
    assert all(math.isclose(share, 1, abs_tol=1e-9) for _, share in shares)
    gains = sample.query("select captured_share from model_gains where decile = 10")
    assert all(math.isclose(share, 1, abs_tol=1e-9) for (share,) in gains)


def test_backtests_judge_intervals_and_a_year(sample: Build) -> None:
    judged = sample.query(
        """
        select slice, interval_coverage, upper_90_coverage
        from model_backtest
        where task = 'value' and horizon_days = 90 and model = 'ours' and slice_type != 'segment'
            and origin > (select min(origin) from model_backtest)
        """
    )
    assert {name for name, *_ in judged} == {"all", *TIERS}
    for name, coverage, upper in judged:
        # small tiers swing; in all no origin may be far from what is promised
        assert coverage > (0.7 if name == "all" else 0.5), name
        assert upper > (0.8 if name == "all" else 0.6), name
    origins = sample.query(
        """
        select task, is_low_confidence, count(*) = 0, min(as_of.as_of_date - origin >= 365)
        from model_backtest
        cross join (select max(as_of_date) as as_of_date from customer_scores) as as_of
        where horizon_days = 365
        group by task, is_low_confidence
        """
    )
    assert origins == [("value", True, False, True)]


def test_features_of_an_origin_are_those_of_a_build_on_that_day(sample: Build, past: Build) -> None:
    snapshot = f"select {FEATURE_COLUMNS} from training_snapshots where as_of_date = date '{PAST}'"
    rows = content(past.database, snapshot)
    assert len(rows) > 500
    assert rows == content(sample.database, snapshot)


def test_a_feature_that_knows_the_future_fails_the_build(sample: Build, tmp_path: Path) -> None:
    """The check of single features, first on honest snapshots, then with a leak let in on purpose."""
    warehouse = tmp_path / "leaking.duckdb"
    shutil.copy(sample.warehouse, warehouse)
    select = ("test", "--select", CHECKED)
    run_dbt(*select, warehouse=warehouse, target=tmp_path / "target")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("alter table training_snapshots add column visits_soon integer")
        connection.execute("update training_snapshots set visits_soon = 3 * orders_90d + 1")
    with pytest.raises(AssertionError, match="FAIL"):
        run_dbt(*select, warehouse=warehouse, target=tmp_path / "target")
    compiled = next((tmp_path / "target/compiled").rglob(f"{CHECKED}.sql"))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(compiled.read_text(encoding="utf-8")).fetchall()
    assert {row[1] for row in found} == {"visits_soon"}


# trains on the sample's latest snapshots in a process of its own and prints a hash of all scores
TRAIN_AND_SCORE = """
import hashlib, sys, duckdb, pandas as pd
from regulars.predictions.score import read_registry, score_batch
from regulars.predictions.workflow import train_and_judge
from regulars.predictions.documents import as_documents
registry = duckdb.connect(sys.argv[1], read_only=True).execute("from model_registry").df()
connection = duckdb.connect(sys.argv[2], read_only=True)
snapshots = connection.execute(
    "from training_snapshots where as_of_date > (select max(as_of_date) from training_snapshots) - 400"
).df()
date = snapshots["as_of_date"].max()
rows = snapshots[snapshots["as_of_date"] == date]
predictions = train_and_judge(
    snapshots,
    shop_days=connection.execute("from main_intermediate.int_shop_days").df(),
    shop_windows=connection.execute("from main_intermediate.int_shop_windows").df(),
    date=date,
    customer_count=len(rows),
    settings=read_registry(registry).settings,
)
scores = score_batch(read_registry(predictions.registry), rows)
text = scores.to_json(double_precision=15) + as_documents(predictions).to_json()
print(predictions.eligibility["rung"].iloc[0], hashlib.sha256(text.encode()).hexdigest())
"""


def test_one_thread_and_two_give_the_same_scores(sample: Build) -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", TRAIN_AND_SCORE, sample.database, sample.warehouse],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(printed) == 1
    assert printed.pop().startswith("recipe ")


SMALL_SHOPS = {
    (50, 3): ("segment_rates", "days of history"),
    (50, 8): ("purchase_process", "customers are fewer than the 1000"),
    (50, 14): ("purchase_process", "customers are fewer than the 1000"),
    (200, 3): ("segment_rates", "days of history"),
    (200, 8): ("purchase_process", "customers are fewer than the 1000"),
    (200, 14): ("purchase_process", "customers are fewer than the 1000"),
    (1000, 3): ("segment_rates", "days of history"),
    (1000, 8): ("purchase_process", "origins with a finished window"),
    (1000, 14): ("purchase_process", "days are fewer than the 360"),
}


def test_a_shop_too_young_is_served_by_rates_and_says_so(small_shop: Build) -> None:
    rows = small_shop.query("select distinct rung, reason from model_eligibility")
    assert {rung for rung, _ in rows} == {"segment_rates"}
    assert all("days of history are fewer than the 90" in reason for _, reason in rows)
    withheld = small_shop.query(
        "select count(*) from customer_scores where churn_probability_90d is null and withheld_reason is null"
    )
    assert withheld == [(0,)]
    # no model, no threshold, no reasons
    above, reasons = small_shop.query(
        "select count(is_above_contact_threshold), (select count(*) from customer_score_reasons) "
        "from customer_scores"
    )[0]
    assert (above, reasons) == (0, 0)


@pytest.mark.heavy
@pytest.mark.parametrize(("customers", "months"), SMALL_SHOPS)
def test_a_small_shop_is_served_by_what_its_data_allow(
    tmp_path: Path, customers: int, months: int
) -> None:
    warehouse = tmp_path / "small.duckdb"
    run_dbt(
        *("build", "--select", "+customer_scores", "+customer_lifetime", "+customer_score_reasons"),
        *("--exclude-resource-type", "unit_test", "--indirect-selection", "cautious"),
        *("--vars", json.dumps({"sample_customers": customers, "sample_months": months})),
        warehouse=warehouse,
        target=tmp_path / "target",
    )
    rung, words = SMALL_SHOPS[customers, months]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select distinct rung, reason from model_eligibility").fetchall()
        count, unexplained = connection.execute(
            """
            select count(*), count(*) filter (
                where (churn_probability_90d is null or churn_probability_180d is null)
                and withheld_reason is null
            )
            from customer_scores
            """
        ).fetchone()
        reasons = connection.execute("select count(*) from customer_score_reasons").fetchone()[0]
    assert {found for found, _ in rows} == {rung}
    assert all(words in reason for _, reason in rows), rows
    assert count > 0.8 * customers
    assert unexplained == 0
    assert (reasons > 0) == (rung != "segment_rates")


@pytest.mark.realdata
def test_real_backtests_beat_bg_nbd_and_keep_their_levels(real: Build) -> None:
    """Three quarters ahead of the data's end, each forecast by what was known before it."""
    rows = real.query(
        """
        select origin, roc_auc, difference_to_bg_nbd_low, brier, calibration_error
        from model_backtest
        where task = 'churn' and horizon_days = 90 and model = 'ours' and slice_type = 'all'
        order by origin desc limit 3
        """
    )
    assert [f"{row[0]:%Y-%m-%d}" for row in rows] == ["2011-09-11", "2011-06-13", "2011-03-15"]
    for (_, auc, low, brier, error), (least, most) in zip(
        rows, ((0.803, 0.1765), (0.827, 0.149), (0.791, 0.168)), strict=True
    ):
        assert auc >= least
        assert low > 0
        assert brier <= most
        assert error <= 0.035
    totals = real.query(
        """
        select predicted_to_actual from model_backtest
        where task = 'value' and horizon_days = 90 and model = 'ours' and slice_type = 'all'
        order by origin desc limit 3
        """
    )
    assert all(0.88 <= total <= 1.12 for (total,) in totals)
    rungs = real.query("select distinct rung from model_eligibility where task = 'churn'")
    assert rungs == [("recipe",)]
