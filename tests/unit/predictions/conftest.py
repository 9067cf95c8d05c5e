"""A simulated shop as the frames that predictions read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from regulars.predictions.frame import HORIZONS, MART_FEATURES, RECENT_DAYS
from regulars.predictions.settings import PredictionSettings

START = pd.Timestamp("2023-01-01")
NUMBERS = {
    "contact_cost": 1.0,
    "contact_success_rate": 0.1,
    "margin": 0.4,
    "risk_medium_from": 0.4,
    "risk_high_from": 0.7,
    "segment_rates_below_customers": 50,
    "segment_rates_below_days": 90,
    "recipe_from_customers": 300,
    "recipe_from_origins": 2,
    "recipe_from_labelled_days": 270,
    "recipe_from_outcomes": 30,
    "share_growth_limit": 0.1,
    "season_days": 365,
    "interval_coverage": 0.8,
    "bootstrap_resamples": 50,
    "random_state": 7,
}


@dataclass(frozen=True)
class Shop:
    """Frames of a simulated shop; the last snapshot is the scoring date."""

    snapshots: pd.DataFrame
    shop_days: pd.DataFrame
    shop_windows: pd.DataFrame
    date: pd.Timestamp

    @property
    def scoring_rows(self) -> pd.DataFrame:
        return self.snapshots[self.snapshots["as_of_date"] == self.date].reset_index(drop=True)


def simulate_orders(customers: int, days: int, seed: int) -> pd.DataFrame:
    """Orders by customers with gamma rates who may leave after any order, as BG/NBD has it."""
    generator = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        rate = generator.gamma(0.9, 1 / 45)
        leaves = generator.beta(0.8, 4)
        worth = np.exp(generator.normal(4, 0.8))
        day = generator.integers(0, max(days - 60, 1))
        while day < days:
            rows.append((f"c{customer:05d}", day, round(worth * generator.gamma(4, 0.25), 2), rate))
            if generator.random() < leaves:
                break
            day += max(1, int(np.ceil(generator.exponential(1 / max(rate, 1e-4)))))
    return pd.DataFrame(rows, columns=["customer_id", "day", "revenue", "rate"])


def snapshot(orders: pd.DataFrame, day: int, last_day: int) -> pd.DataFrame:
    """What was known of each customer on a day, and what followed before the last day."""
    past = orders[orders["day"] < day]
    grouped = past.groupby("customer_id")
    frame = pd.DataFrame(
        {
            "repeat_purchase_days": grouped["day"].nunique() - 1,
            "last_purchase_age_days": grouped["day"].max() - grouped["day"].min(),
            "observed_days": day - grouped["day"].min(),
            "order_revenue": grouped["revenue"].sum(),
        }
    )
    logs = np.log(
        grouped["day"]
        .diff()
        .groupby(past["customer_id"])
        .apply(list)
        .explode()
        .dropna()
        .astype(float)
    )
    frame["log_gap_sum_millionths"] = (logs * 1e6).round().groupby(level=0).sum()
    frame["log_gap_square_sum_millionths"] = (logs**2 * 1e6).round().groupby(level=0).sum()
    frame = frame.fillna({"log_gap_sum_millionths": 0, "log_gap_square_sum_millionths": 0})
    frame["frequency"] = frame["repeat_purchase_days"] + 1
    frame["recency_days"] = frame["observed_days"] - frame["last_purchase_age_days"]
    frame["tenure_days"] = frame["observed_days"]
    frame["monetary"] = frame["order_revenue"]
    frame["last_purchase_day_revenue"] = grouped["revenue"].last()
    frame["previous_purchase_age_days"] = np.nan
    for recent in RECENT_DAYS:
        window = past[past["day"] >= day - recent].groupby("customer_id")
        frame[f"purchase_days_last_{recent}d"] = window.size()
        frame[f"order_revenue_last_{recent}d"] = window["revenue"].sum()
    recent_columns = [name for name in frame.columns if "_last_" in name]
    frame[recent_columns] = frame[recent_columns].fillna(0)
    for name in MART_FEATURES:
        if name not in frame.columns:
            frame[name] = frame["frequency"] * (hash_of(name) % 7) + frame["observed_days"] % 5
    # something that the purchase process cannot know, so that the recipe can beat it
    frame["avg_item_price"] = grouped["rate"].first()
    frame.loc[frame["frequency"] < 2, "avg_inter_purchase_days"] = np.nan
    frame["segment"] = np.where(frame["recency_days"] < 90, "Loyal Customers", "Hibernating")
    frame["confidence_tier"] = np.where(frame["frequency"] >= 5, "Established", "Emerging")
    for horizon in HORIZONS:
        ahead = orders[(orders["day"] >= day) & (orders["day"] < day + horizon)]
        known = day + horizon <= last_day
        for name, totals in (
            ("orders", ahead.groupby("customer_id").size()),
            ("revenue", ahead.groupby("customer_id")["revenue"].sum()),
        ):
            found = totals.reindex(frame.index).fillna(0)
            frame[f"{name}_{horizon}d"] = found if known else np.nan
    ahead = orders[(orders["day"] >= day) & (orders["day"] < day + 90)]
    frame["next_order_days"] = ahead.groupby("customer_id")["day"].min() - day
    if day + 90 > last_day:
        frame["next_order_days"] = np.nan
    frame["as_of_date"] = START + pd.Timedelta(days=day)
    return frame.reset_index()


def hash_of(name: str) -> int:
    """A number that is the same in every run."""
    return sum(ord(letter) for letter in name)


def simulate_shop(customers: int, days: int, seed: int = 1) -> Shop:
    """Frames of a shop of so many customers and days, with origins every 90 days."""
    orders = simulate_orders(customers, days, seed)
    origins = list(range(days, 89, -90))
    snapshots = pd.concat([snapshot(orders, day, days) for day in origins], ignore_index=True)
    daily = orders.groupby("day").agg(order_count=("day", "size"), revenue=("revenue", "sum"))
    windows = []
    for start in sorted({*origins, *(day - 365 for day in origins)}):
        for horizon in (90, 180, 365):
            if start < 0 or start + horizon > days:
                continue
            within = orders[(orders["day"] >= start) & (orders["day"] < start + horizon)]
            known = set(orders.loc[orders["day"] < start, "customer_id"])
            existing = within[within["customer_id"].isin(known)]
            is_origin = start in origins
            windows.append(
                {
                    "start_date": START + pd.Timedelta(days=start),
                    "horizon_days": horizon,
                    "revenue": within["revenue"].sum(),
                    "active_customers": within["customer_id"].nunique(),
                    "existing_customers": len(known) if is_origin else None,
                    "existing_active_customers": existing["customer_id"].nunique()
                    if is_origin
                    else None,
                    "existing_revenue": existing["revenue"].sum() if is_origin else None,
                }
            )
    columns = (
        "start_date",
        "horizon_days",
        "revenue",
        "active_customers",
        "existing_customers",
        "existing_active_customers",
        "existing_revenue",
    )
    return Shop(
        snapshots,
        daily.reset_index().assign(
            sold_date=lambda days_: START + pd.to_timedelta(days_["day"], "D")
        ),
        pd.DataFrame(windows, columns=columns),
        START + pd.Timedelta(days=days),
    )


@pytest.fixture(scope="session")
def settings() -> PredictionSettings:
    return PredictionSettings(**NUMBERS)


@pytest.fixture(scope="session")
def shop() -> Shop:
    """A shop with enough of everything for the full recipe."""
    return simulate_shop(600, 480)
