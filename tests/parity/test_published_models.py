"""The published models come out of the real data again, and what they are worth beside it.

Churn and window agree in every digit published. The value model comes near: the file that it was fitted
on is not at hand, and its boosting is chaotic in the last bits of its inputs. Published, and found here:

    R² .8825 (.88244)   CV R² .9179 ± .0132 (.91829 ± .01317)   median APE .248 (.2474)
    MAE £659 (£655.98)   RMSE £4,613 (£4,610.39)

Twenty fits with every fractional feature off by up to five parts in 10^16 give R² .874 to .888 (standard
deviation .0038), CV R² .917 to .919 (.0009), median APE .243 to .260 (.0048), MAE £642 to £672 (£7) and
RMSE £4,332 to £4,696 (£97): what is missing is less than half a standard deviation of each. The one change
that brought the figures nearer is the price range in floats, which has a reason; with decimals they are
.8817, .2486, £658 and £4,640. Tried without gain: float arithmetic of the other features in several forms,
the other order of invoices of equal time in each revenue growth (three customers differ in the published
file), other codes for the set-aside cluster, clusters as categories, missing values kept, other metrics
for the early stopping, any number of trees, LightGBM 3.3 to 4.6, more threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from regulars.threads import single_threaded
from tests.conftest import ROOT, Build
from tests.parity import models
from tests.parity.test_published import LATEST, PUBLISHED
from tests.parity.test_published_segmentations import to

pytestmark = pytest.mark.realdata

EXPECTED: dict[str, Any] = PUBLISHED["models"]
REFUTED: dict[str, Any] = EXPECTED["refuted"]
PAGE = Path(ROOT / "docs/published_models.md").read_text(encoding="utf-8")

# How far the value model's figures may be from those published: measured, see above.
VALUE_TOLERANCES = {
    "r2_log": 0.0001,
    "cv_r2": 0.0004,
    "cv_r2_std": 0.0001,
    "median_ape": 0.0006,
    "mae": 3.1,
    "rmse": 2.7,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sum floats in one order on any machine."""
    with single_threaded():
        yield


@pytest.fixture(scope="module")
def rows(parity: Build) -> pd.DataFrame:
    """The customers as the published models were given them."""
    with duckdb.connect(str(parity.database), read_only=True) as connection:
        features = connection.execute(
            f"select * from customer_features_published where {LATEST} order by customer_id"
        ).df()
    return models.published_rows(features)


@pytest.fixture(scope="module")
def followed(real: Build) -> pd.DataFrame:
    """The published columns at an earlier date, and what each customer did in the 90 days after it.

    Returns:
        recency, churn_risk_score, is_at_risk, clv; revenue, first_order_days (missing without an
        order), has_left.
    """
    origin, days = REFUTED["origin"], REFUTED["days"]
    query = f"""
        with later as (
            select customer_id, sum(gross_revenue)::double as revenue,
                (min(order_date) - date '{origin}')::double as first_order_days
            from orders
            where order_date >= date '{origin}' and order_date < date '{origin}' + {days}
            group by customer_id
        )
        select recency, churn_risk_score, is_at_risk, clv::double as clv,
            coalesce(revenue, 0) as revenue, first_order_days,
            first_order_days is null as has_left
        from customer_features_published left join later using (customer_id)
        where as_of_date = date '{origin}'
        order by customer_id
    """
    with duckdb.connect(str(real.database), read_only=True) as connection:
        return connection.execute(query).df()


def test_the_split_is_the_one_published(rows: pd.DataFrame) -> None:
    train = models.training_rows(rows)
    assert len(train) == EXPECTED["training_customers"]
    assert len(rows) - len(train) == EXPECTED["test_customers"]
    sizes = [models.VALUE_FEATURES, models.CHURN_FEATURES, models.WINDOW_FEATURES]
    assert [len(features) for features in sizes] == [27, 35, 38]


def test_the_churn_model_is_reproduced(rows: pd.DataFrame) -> None:
    found = models.churn_model(rows)
    expected = EXPECTED["churn"]
    assert found["scale_pos_weight"] == to(3, expected["scale_pos_weight"])
    for figure in ("roc_auc", "pr_auc", "brier", "recall", "precision"):
        assert found[figure] == to(4, expected[figure]), figure
        assert shown(found[figure]) in PAGE
    assert found["flagged"] == expected["flagged"]


def test_the_window_model_is_reproduced(rows: pd.DataFrame) -> None:
    expected = EXPECTED["window"]
    assert models.purchase_window(rows["recency"]).value_counts().to_dict() == expected["counts"]
    assert models.window_model(rows) == to(3, expected["roc_auc"])


def test_the_value_model_is_reproduced_nearly(rows: pd.DataFrame) -> None:
    found = models.value_model(rows)
    for figure, tolerance in VALUE_TOLERANCES.items():
        assert found[figure] == pytest.approx(EXPECTED["clv"][figure], rel=0, abs=tolerance), figure
    for figure in ("r2_log", "cv_r2", "cv_r2_std"):
        assert shown(found[figure]) in PAGE


def test_the_churn_flag_is_a_formula_of_the_models_inputs(rows: pd.DataFrame) -> None:
    assert set(models.CHURN_FORMULA_FEATURES) < set(models.CHURN_FEATURES)
    rebuilt = models.rebuilt_churn_flag(rows[models.CHURN_FORMULA_FEATURES])
    assert int(rows["is_at_risk"].sum()) == 917
    assert (rebuilt == (rows["is_at_risk"] == 1)).all()


def test_five_features_and_least_squares_do_what_the_value_model_does(rows: pd.DataFrame) -> None:
    assert set(models.FIVE_WITHOUT_PRICES + models.FIVE_WITH_PRICES) < set(models.VALUE_FEATURES)
    without_prices = models.five_feature_r2(rows, models.FIVE_WITHOUT_PRICES)
    with_prices = models.five_feature_r2(rows, models.FIVE_WITH_PRICES)
    assert without_prices == to(3, REFUTED["five_feature_r2"])
    assert with_prices > EXPECTED["clv"]["r2_log"]
    assert shown(without_prices) in PAGE
    assert shown(with_prices) in PAGE


def test_forward_in_time_the_churn_flag_is_little_better_than_chance(
    followed: pd.DataFrame,
) -> None:
    columns = {"flag": "is_at_risk", "score": "churn_risk_score", "recency": "recency"}
    for name, column in columns.items():
        found = roc_auc_score(followed["has_left"], followed[column])
        assert found == to(3, REFUTED[f"{name}_roc_auc"]), name
        assert shown(found, 3) in PAGE


def test_forward_in_time_value_and_window_say_less_than_their_figures(
    followed: pd.DataFrame,
) -> None:
    rank_correlation = followed["clv"].corr(followed["revenue"], method="spearman")
    assert shown(rank_correlation, 2) in PAGE
    assert rank_correlation == to(3, 0.503)

    label = models.purchase_window(followed["recency"])
    came = np.where(followed["first_order_days"] <= 30, "Active", "Warming")
    came = np.where(followed["has_left"], "Dormant", came)
    assert (label == came).mean() == to(3, 0.584)
    assert (came == "Dormant").mean() == to(3, 0.565)


def shown(value: float, decimals: int = 4) -> str:
    """Write a figure as the page does, without the zero before the point."""
    return f"{value:.{decimals}f}".removeprefix("0")
