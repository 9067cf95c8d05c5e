"""The published models, each as its authors fitted it, mistakes included.

They predict what has happened: the value model learns revenue already made, the churn model a flag that
is a formula of its inputs, the window model the recency that it is given. They serve to show that the
published figures are understood. `docs/published_models.md` says what they are worth.

Needed for the digits, and found by search: rows sorted by customer with the set-aside cluster last, for
the draw of the training rows; features in the published order, for LightGBM's draw of columns; the price
range as a difference of floats (see `published_rows`). Versions of LightGBM from 3.3 to 4.7, the number
of threads and the order of rows within the training set change nothing.
"""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, cross_val_score

from tests.parity.segmentations import SEED, SET_ASIDE, rfm_enhanced

PATIENCE = 60
TENURE_DAYS = 540
TRAINING_SHARE = 0.75
CHURN_THRESHOLD = 0.22
PARAMETERS = {
    "n_estimators": 600,
    "learning_rate": 0.04,
    "num_leaves": 31,
    "max_depth": 6,
    "min_child_samples": 20,
    "subsample": 0.8,  # without a frequency, so that it does nothing
    "colsample_bytree": 0.8,
    "reg_alpha": 0.1,
    "reg_lambda": 0.1,
    "random_state": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "n_jobs": 1,
    "verbose": -1,
}

CHURN_FEATURES = [
    "avg_basket_size", "avg_basket_value", "avg_item_price", "unique_products",
    "product_diversity", "is_bulk_buyer", "max_quantity_single_txn", "days_active",
    "avg_inter_purchase_days", "std_inter_purchase_days", "purchase_velocity", "preferred_hour",
    "hour_concentration", "weekend_ratio", "is_weekend_shopper", "preferred_day",
    "preferred_quarter", "quarter_concentration", "active_months", "customer_lifetime_days",
    "tenure_days", "activity_rate", "engagement_consistency", "aov", "aov_std", "aov_max",
    "aov_min", "max_price", "price_range", "spending_cv", "return_rate", "revenue_growth",
    "frequency", "monetary", "rfm_enhanced_cluster",
]  # fmt: skip
VALUE_GIVEN_AWAY = {
    "avg_basket_size", "avg_basket_value", "avg_item_price", "aov", "aov_std", "aov_max", "aov_min",
    "monetary",
}  # fmt: skip
VALUE_FEATURES = [name for name in CHURN_FEATURES if name not in VALUE_GIVEN_AWAY]
WINDOW_FEATURES = [*CHURN_FEATURES, "loyalty_index", "purchase_frequency", "recency"]
CHURN_FORMULA_FEATURES = [
    "tenure_days", "customer_lifetime_days", "days_active", "avg_inter_purchase_days",
    "engagement_consistency",
]  # fmt: skip

# Features of the value model: counts and dates alone, and with the prices.
FIVE_WITHOUT_PRICES = [
    "frequency", "unique_products", "max_quantity_single_txn", "days_active", "tenure_days",
]  # fmt: skip
FIVE_WITH_PRICES = [
    "frequency", "unique_products", "max_quantity_single_txn", "max_price", "price_range",
]  # fmt: skip


def published_rows(features: pd.DataFrame) -> pd.DataFrame:
    """Lay the customers out as in the published cluster file, which the models were fitted on.

    The mart subtracts prices as decimals, the published system as floats, so that equal ranges differ
    by one part in 10^15. That makes one distinct value more among the training rows (661 for 660), and
    LightGBM cuts its bins by the number of distinct values.

    Args:
        features: The published feature columns, one row per customer, sorted by customer_id.

    Returns:
        Numbers only, a missing value a zero, with the column rfm_enhanced_cluster.
    """
    clusters = rfm_enhanced(features).customers["cluster"]
    rows = features.drop(columns=["as_of_date", "customer_id", "segment", "rfm_score"])
    rows = rows.astype(float).fillna(0.0).assign(rfm_enhanced_cluster=clusters)
    lowest_price = (rows["max_price"] - rows["price_range"]).round(4)
    rows["price_range"] = rows["max_price"] - lowest_price
    is_set_aside = clusters == SET_ASIDE
    return pd.concat([rows[~is_set_aside], rows[is_set_aside]], ignore_index=True)


def training_rows(rows: pd.DataFrame) -> pd.Index:
    """Draw the training rows in their order; all others, newer customers too, are the test set."""
    tenured = rows[rows["tenure_days"] >= TENURE_DAYS]
    return tenured.sample(frac=TRAINING_SHARE, random_state=SEED).index.sort_values()


def value_model(rows: pd.DataFrame) -> dict[str, float]:
    """Fit log revenue so far on features of the same days; return the published figures.

    The cross-validation is of the training rows, with as many trees as the test set has chosen.
    """
    target = np.log1p(rows["monetary"])
    train, test = _split(rows)
    model = _fit(lgb.LGBMRegressor(**PARAMETERS), rows[VALUE_FEATURES], target)
    predicted = model.predict(rows.loc[test, VALUE_FEATURES])
    revenue, predicted_revenue = rows.loc[test, "monetary"], np.expm1(predicted)
    folds = cross_val_score(
        lgb.LGBMRegressor(**PARAMETERS | {"n_estimators": model.best_iteration_}),
        rows.loc[train, VALUE_FEATURES],
        target[train],
        cv=KFold(5, shuffle=True, random_state=SEED),
        scoring="r2",
    )
    return {
        "r2_log": r2_score(target[test], predicted),
        "cv_r2": folds.mean(),
        "cv_r2_std": folds.std(),
        "median_ape": float(np.median(np.abs(predicted_revenue - revenue) / revenue)),
        "mae": mean_absolute_error(revenue, predicted_revenue),
        "rmse": root_mean_squared_error(revenue, predicted_revenue),
    }


def churn_model(rows: pd.DataFrame) -> dict[str, float]:
    """Fit the flag is_at_risk on what it is made of; return the published figures.

    The threshold was chosen on the test set too. Recall and precision are of the test set, the number
    flagged is of all customers.
    """
    target = rows["is_at_risk"].astype(int)
    train, test = _split(rows)
    weight = float((target[train] == 0).sum() / (target[train] == 1).sum())
    model = lgb.LGBMClassifier(**PARAMETERS, scale_pos_weight=weight)
    chances = _fit(model, rows[CHURN_FEATURES], target).predict_proba(rows[CHURN_FEATURES])[:, 1]
    is_flagged = chances >= CHURN_THRESHOLD
    return {
        "scale_pos_weight": weight,
        "roc_auc": roc_auc_score(target[test], chances[test]),
        "pr_auc": average_precision_score(target[test], chances[test]),
        "brier": brier_score_loss(target[test], chances[test]),
        "recall": recall_score(target[test], is_flagged[test]),
        "precision": precision_score(target[test], is_flagged[test]),
        "flagged": int(is_flagged.sum()),
    }


def purchase_window(recency: pd.Series) -> pd.Series:
    """Label customers by the whole days since their last purchase."""
    labels = np.where(recency <= 30, "Active", np.where(recency <= 90, "Warming", "Dormant"))
    return pd.Series(labels, index=recency.index)


def window_model(rows: pd.DataFrame) -> float:
    """Fit buckets of recency on recency itself; return the ROC-AUC (mean of one against the rest)."""
    target = purchase_window(rows["recency"]).astype("category").cat.codes
    _, test = _split(rows)
    model = _fit(lgb.LGBMClassifier(**PARAMETERS), rows[WINDOW_FEATURES], target)
    chances = model.predict_proba(rows.loc[test, WINDOW_FEATURES])
    return roc_auc_score(target[test], chances, multi_class="ovr")


def rebuilt_churn_flag(inputs: pd.DataFrame) -> pd.Series:
    """Compute the target of the churn model from five of its inputs.

    Recency, which was left out "to avoid leakage", is tenure less lifetime, or a day less.

    Args:
        inputs: CHURN_FORMULA_FEATURES.
    """
    recency = inputs["tenure_days"] - inputs["customer_lifetime_days"]
    overdue = np.floor(recency - inputs["avg_inter_purchase_days"])
    overdue = overdue.where(inputs["days_active"] > 1, 0)
    score = (
        50 * (recency / 365).clip(upper=1)
        + 30 * (overdue / 180).clip(0, 1)
        + 10 * (1 - inputs["engagement_consistency"])
    )
    return score > 60


def five_feature_r2(rows: pd.DataFrame, columns: list[str]) -> float:
    """Return the R² of least squares on logarithms, for the target and the split of the value model."""
    target, inputs = np.log1p(rows["monetary"]), np.log1p(rows[columns])
    train, test = _split(rows)
    return (
        LinearRegression()
        .fit(inputs.loc[train], target[train])
        .score(inputs.loc[test], target[test])
    )


def _split(rows: pd.DataFrame) -> tuple[pd.Index, pd.Index]:
    train = training_rows(rows)
    return train, rows.index.difference(train)


def _fit(model: lgb.LGBMModel, inputs: pd.DataFrame, target: pd.Series) -> lgb.LGBMModel:
    """Fit on the training rows until the test set stops improving.

    That is a flaw: the number of trees is chosen on the rows that the figures are then computed of.
    """
    train, test = _split(inputs)
    return model.fit(
        inputs.loc[train],
        target[train],
        eval_X=inputs.loc[test],
        eval_y=target[test],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
