"""How often a recommended product was bought, on past dates, beside simple lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp
from statsmodels.stats.proportion import proportion_confint

from regulars.baskets.recommend import (
    BASKET_HALF_LIFE,
    BATCH_CELLS,
    BUY_AGAIN,
    HABIT_HALF_LIFE,
    NEW_FOR_YOU,
    NEW_HALF_LIFE,
    PROFILE_HALF_LIFE,
    Catalogue,
    RecommendationSettings,
    coded,
    habits,
    learn_strengths,
    new_products,
    positions,
    profile,
    read_catalogue,
    top,
    toward_sold,
)

WINDOW_DAYS = 90
REST_OF_BASKET = "rest_of_basket"
OURS, POPULARITY, OWN_HISTORY = "ours", "recent_popularity", "own_history"
# How much a product bought before counts beside the affinity to the rest of a basket (at most 1).
OWN_WEIGHT = 0.3
# Standard normal quantile of a 95 % interval.
Z = 1.959963984540054

COLUMNS = {
    "origin": "datetime64[us]",
    "window_end": "datetime64[us]",
    "task": "object",
    "method": "object",
    "customer_count": "int64",
    "hit_count": "int64",
    "hit_rate": "float64",
    "hit_rate_low": "float64",
    "hit_rate_high": "float64",
    "lead": "float64",
    "lead_low": "float64",
    "lead_high": "float64",
}


def backtest_at_origins(
    purchases: pd.DataFrame, *, date: pd.Timestamp, count: int, settings: RecommendationSettings
) -> pd.DataFrame:
    """Judge recommendations at the last origins whose 90 days are over.

    Args:
        purchases: Columns PURCHASE_COLUMNS of `recommend`, all before `date`.
        date: The first day not counted; origins are 90, 180, ... days before it.
        count: How many origins.
        settings: As for `backtest_recommendations`.

    Returns:
        COLUMNS, one row per origin, task and method.
    """
    origins = [date - pd.Timedelta(days=WINDOW_DAYS * number) for number in range(1, count + 1)]
    judged = [
        backtest_recommendations(purchases, origin=origin, settings=settings) for origin in origins
    ]
    empty = pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    return pd.concat([one for one in judged if len(one)] or [empty], ignore_index=True)


def backtest_recommendations(
    purchases: pd.DataFrame, *, origin: pd.Timestamp, settings: RecommendationSettings
) -> pd.DataFrame:
    """Recommend with what was known at an origin, and count hits in the 90 days from it.

    A hit is a list with at least one product that the customer bought. Judged are customers with an
    earlier order who bought something that the task is about:

    - new_for_you: something they had not bought before, though somebody had;
    - buy_again: something they had bought before;
    - rest_of_basket: their first order of the window, of which one product, by a hash of the customer,
      is to be guessed from the others and from what they bought before.

    Args:
        purchases: Columns PURCHASE_COLUMNS of `recommend`, before and after the origin.
        origin: The first day not counted.
        settings: How many are recommended, of which products.

    Returns:
        COLUMNS, one row per task and method. `lead` is the hit rate of ours less that of the method, with
        a 95 % interval for paired outcomes. No rows without customers to judge.
    """
    end = origin + pd.Timedelta(days=WINDOW_DAYS)
    before = purchases[purchases["order_date"] < origin]
    window = purchases[(purchases["order_date"] >= origin) & (purchases["order_date"] < end)]
    window = window[window["customer_id"].isin(coded(before["customer_id"])[1])]
    if window.empty:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    catalogue = read_catalogue(before, date=origin, settings=settings)
    half_lives = (NEW_HALF_LIFE, BASKET_HALF_LIFE)
    to_new, to_basket = learn_strengths(before, catalogue, half_lives=half_lives)
    to_new = toward_sold(to_new, catalogue)
    _, customers = coded(window["customer_id"])
    step = max(1, BATCH_CELLS // len(catalogue.products))
    parts = []
    for start in range(0, len(customers), step):
        some = customers[start : start + step]
        known = before[before["customer_id"].isin(some)]
        followed = window[window["customer_id"].isin(some)]
        bought = profile(known, some, catalogue, half_life=PROFILE_HALF_LIFE)
        follows = profile(followed, some, catalogue, half_life=PROFILE_HALF_LIFE).toarray() > 0
        owned = bought.toarray() > 0
        parts.append(
            {
                NEW_FOR_YOU: _new_hits(bought, owned, follows, catalogue, to_new, settings),
                BUY_AGAIN: _again_hits(known, some, owned, follows, catalogue, settings),
                REST_OF_BASKET: _basket_hits(known, followed, catalogue, to_basket, settings),
            }
        )
    hits = {
        task: {
            method: np.concatenate([part[task][method] for part in parts])
            for method in parts[0][task]
        }
        for task in parts[0]
    }
    rows = [
        {"origin": origin, "window_end": end, "task": task, "method": method}
        | _judged(outcome, of_method[OURS])
        for task, of_method in hits.items()
        for method, outcome in of_method.items()
        if len(outcome)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _new_hits(
    bought: sp.csr_matrix,
    owned: np.ndarray,
    follows: np.ndarray,
    catalogue: Catalogue,
    strength: sp.csr_matrix,
    settings: RecommendationSettings,
) -> dict[str, np.ndarray]:
    truth = follows & ~owned
    judged = truth.any(axis=1)
    ours = new_products(bought, strength)
    popular = np.where(owned, 0, catalogue.popularity)
    return {
        method: _hits(scores[judged], truth[judged], settings.count)
        for method, scores in ((OURS, ours), (POPULARITY, popular))
    }


def _again_hits(
    known: pd.DataFrame,
    customers: pd.Index,
    owned: np.ndarray,
    follows: np.ndarray,
    catalogue: Catalogue,
    settings: RecommendationSettings,
) -> dict[str, np.ndarray]:
    truth = follows & owned
    judged = truth.any(axis=1)
    own = habits(known, catalogue)
    ours, often = np.zeros(truth.shape), np.zeros(truth.shape)
    at = (
        positions(own["customer_id"], customers),
        positions(own["stock_code"], catalogue.products),
    )
    ours[at] = 1 / own["rank"]
    often[at] = own["bought_on_days"]
    popular = np.where(owned, catalogue.popularity, 0)
    return {
        method: _hits(scores[judged], truth[judged], settings.count)
        for method, scores in ((OURS, ours), (OWN_HISTORY, often), (POPULARITY, popular))
    }


def _basket_hits(
    known: pd.DataFrame,
    window: pd.DataFrame,
    catalogue: Catalogue,
    strength: sp.csr_matrix,
    settings: RecommendationSettings,
) -> dict[str, np.ndarray]:
    dated = window.sort_values(["order_date", "order_id"])
    first = dated.loc[~dated["customer_id"].duplicated(), "order_id"]
    baskets = window[window["order_id"].isin(first) & ~window["is_set_apart"]].sort_values(
        ["customer_id", "stock_code"]
    )
    codes, _ = coded(baskets["customer_id"])
    is_alone = np.bincount(codes)[codes] == 1
    baskets = baskets[~is_alone]
    if baskets.empty:
        return dict.fromkeys((OURS, OWN_HISTORY, POPULARITY), np.zeros(0))
    codes, customers = coded(baskets["customer_id"])
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    drawn = starts + [
        _hash(customer) % size for customer, size in zip(customers, sizes, strict=True)
    ]
    asked = baskets.iloc[drawn]
    given = baskets.drop(index=asked.index)
    # each product of the basket counts alike
    rest = profile(given, customers, catalogue, half_life=np.inf)
    fits = (rest @ strength).toarray()
    fits /= np.maximum(fits.max(axis=1, keepdims=True), np.finfo(float).tiny)
    own = known[known["customer_id"].isin(customers)]
    habit = profile(own, customers, catalogue, half_life=HABIT_HALF_LIFE).toarray()
    possible = catalogue.is_sold & ~(rest.toarray() > 0)
    truth = np.zeros(fits.shape, dtype=bool)
    columns = positions(asked["stock_code"], catalogue.products)
    truth[np.flatnonzero(columns >= 0), columns[columns >= 0]] = True
    scores = {
        OURS: fits + OWN_WEIGHT * np.minimum(habit, 1),
        OWN_HISTORY: habit,
        POPULARITY: np.broadcast_to(catalogue.popularity, fits.shape),
    }
    return {
        method: _hits(np.where(possible, of, 0), truth, settings.count)
        for method, of in scores.items()
    }


def _hits(scores: np.ndarray, truth: np.ndarray, count: int) -> np.ndarray:
    best = top(scores, count)
    return (np.take_along_axis(truth, best, axis=1) & (best >= 0)).any(axis=1)


def _judged(outcome: np.ndarray, ours: np.ndarray) -> Mapping[str, float]:
    count, hits = len(outcome), int(outcome.sum())
    rate = hits / count
    low, high = proportion_confint(hits, count, method="wilson")
    difference = ours.astype(float) - outcome
    lead = difference.mean()
    error = Z * difference.std() / np.sqrt(count)
    return {
        "customer_count": count,
        "hit_count": hits,
        "hit_rate": rate,
        "hit_rate_low": low,
        "hit_rate_high": high,
        "lead": lead,
        "lead_low": lead - error,
        "lead_high": lead + error,
    }


def _hash(customer_id: str) -> int:
    digest = hashlib.md5(str(customer_id).encode(), usedforsecurity=False).hexdigest()
    return int(digest[:12], 16)
