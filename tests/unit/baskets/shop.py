"""A small shop: four tastes, products that come and go, and a few wholesalers' orders set apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from regulars.baskets.recommend import PURCHASE_COLUMNS, RecommendationSettings

DATE = pd.Timestamp("2011-01-01")
SETTINGS = RecommendationSettings(count=4, recent_days=60)


def frame(rows: list[tuple]) -> pd.DataFrame:
    """Purchases of (order, customer, products as letters, days before DATE[, whether set apart])."""
    made = [
        (order, customer, product, DATE - pd.Timedelta(days=age), any(apart))
        for order, customer, products, age, *apart in rows
        for product in products
    ]
    types = dict(zip(PURCHASE_COLUMNS, ["object"] * 3 + ["datetime64[us]", "bool"], strict=True))
    purchases = pd.DataFrame(made, columns=list(PURCHASE_COLUMNS)).astype(types)
    return purchases.sort_values(["order_id", "stock_code"], ignore_index=True)


def shop(*, seed: int = 1, customers: int = 50) -> pd.DataFrame:
    """Two years of purchases of products A-X; E, K, Q and W are no longer sold, C, I, O and U are new."""
    rng = np.random.default_rng(seed)
    products = np.array([chr(65 + number) for number in range(24)])
    rows = []
    for customer in range(customers):
        likes = np.where(np.arange(24) // 6 == customer % 4, 8.0, 1.0) * rng.gamma(1, 1, 24)
        for age in rng.integers(1, 730, 1 + rng.poisson(5)):
            sold = np.where(np.arange(24) % 6 == 4, age > 100, True)
            sold &= np.where(np.arange(24) % 6 == 2, age < 200, True)
            share = likes * sold / (likes * sold).sum()
            is_apart = rng.random() < 0.05
            size = sold.sum() if is_apart else 1 + min(rng.poisson(2), 8)
            bought = rng.choice(products, size, replace=False, p=share)
            rows.append((f"{len(rows):04}", f"c{customer:03}", bought, int(age), is_apart))
    return frame(rows)
