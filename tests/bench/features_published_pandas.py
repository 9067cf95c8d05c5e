"""The 52 published customer columns in pandas, under the parity preset.

Written from the published definitions alone, apart from the SQL models, so that it can serve as an
oracle for them. The preset keeps every priced, identified line of both files (the overlap and
non-products included), counts no returns, measures elapsed 24-hour days and scores by row order.

Run as a program: ``python features_published_pandas.py OUT.parquet FILE...``.
"""

import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PRICE_UNITS = 10_000
DAY = np.int64(86_400_000_000)
BULK_ORDER_UNITS = 100
AT_RISK_SCORE = 60

PUBLISHED_SEGMENTS = (
    ("Champions", "r == 5 and f == 5 and m == 5"),
    ("Loyal Customers", "r >= 4 and f >= 4 and m >= 3"),
    ("Potential Loyalists", "r >= 3 and f <= 3 and m <= 3"),
    ("Recent Customers", "r >= 4 and f == 1"),
    ("Promising", "r >= 3 and f == 1"),
    ("Need Attention", "r == 3 and 2 <= f <= 3"),
    ("About To Sleep", "2 <= r <= 3 and 2 <= f <= 3"),
    ("Can't Lose Them", "r <= 2 and f >= 4 and m >= 4"),
    ("At Risk", "r <= 2 and f >= 2 and m >= 2"),
    ("Hibernating", "r <= 2 and f <= 2 and m <= 2"),
)


def read_lines(paths: Sequence[str]) -> pd.DataFrame:
    """Read the priced, identified sale lines of all files, in file order.

    Args:
        paths: Parquet files with UCI's column names, earliest first.

    Returns:
        One row per line: customer, invoice and stock (codes), sold_at, quantity, the price in
        1/10000 of a pound (so that sums are exact and equal sums tie), revenue in the same unit.
    """
    columns = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    table = pa.concat_tables(
        pq.read_table(path, columns=columns, read_dictionary=["Invoice", "StockCode"])
        for path in paths
    )
    raw = table.unify_dictionaries().to_pandas()
    raw = raw[(raw["Quantity"] > 0) & (raw["Price"] > 0) & raw["Customer ID"].notna()]
    stock, _ = pd.factorize(raw["StockCode"].cat.categories.str.strip().str.upper())
    sold_at = raw["InvoiceDate"].to_numpy("datetime64[us]")
    price = np.rint(raw["Price"].to_numpy() * PRICE_UNITS).astype("int64")
    quantity = raw["Quantity"].to_numpy("int64")
    return pd.DataFrame(
        {
            "customer": raw["Customer ID"].to_numpy("int64"),
            "invoice": raw["Invoice"].cat.codes.to_numpy(),
            "stock": stock[raw["StockCode"].cat.codes],
            "sold_at": sold_at.astype("int64"),
            "day": sold_at.astype("datetime64[D]").astype("int64"),
            "month": sold_at.astype("datetime64[M]").astype("int64"),
            "quantity": quantity,
            "price": price,
            "revenue": quantity * price,
        }
    )


def modal(lines: pd.DataFrame, value: str) -> pd.DataFrame:
    """Find each customer's most frequent value; a tie goes to the value seen first in file order.

    Returns:
        Indexed by customer: the value and its number of lines (column ``lines``).
    """
    counts = lines.groupby(["customer", value], sort=False)["day"].size().rename("lines")
    # groupby(sort=False) keeps the order of first appearance and so does the stable sort.
    counts = counts.reset_index().sort_values("lines", ascending=False, kind="stable")
    return counts.drop_duplicates("customer").set_index("customer")


def row_order_score(values: pd.Series) -> pd.Series:
    """Score 1 to 5 by position in the order of (value, customer): ties are split by customer."""
    position = values.sort_index().rank(method="first").astype("int64") - 1
    return (-(-position * 5 // (len(values) - 1))).clip(lower=1)


def later_half_growth(orders: pd.DataFrame) -> pd.Series:
    """Percent by which the mean order of the later half exceeds that of the first floor(n/2).

    Args:
        orders: Columns customer, started_at, first_row and revenue; one row per order.

    Returns:
        Percent by customer; 0 where there are fewer than four orders.
    """
    ordered = orders.sort_values(["customer", "started_at", "first_row"])
    by_customer = ordered.groupby("customer")
    count = by_customer["revenue"].transform("size")
    is_first_half = by_customer.cumcount() < count // 2
    means = ordered.groupby(["customer", is_first_half])["revenue"].mean().unstack()
    growth = (means[False] / means[True] - 1) * 100
    return growth.where(by_customer.size() >= 4, 0.0)


def customer_features_published(paths: Sequence[str]) -> pd.DataFrame:
    """Compute the published columns for every identified customer.

    Args:
        paths: Raw transaction files (Parquet), earliest first.

    Returns:
        One row per customer, sorted by customer_id, with the 52 columns in published order.
    """
    lines = read_lines(paths)
    snapshot = lines["sold_at"].max() + DAY
    lines["row"] = np.arange(len(lines))
    lines["hour"] = lines["sold_at"] // 3_600_000_000 % 24
    lines["weekday"] = (lines["day"] + 3) % 7
    lines["quarter"] = lines["month"] % 12 // 3 + 1
    lines["is_weekend"] = lines["weekday"] >= 5

    orders = lines.groupby(["customer", "invoice"], as_index=False, sort=False).agg(
        units=("quantity", "sum"),
        revenue=("revenue", "sum"),
        started_at=("sold_at", "min"),
        first_row=("row", "min"),
    )
    dates = lines[["customer", "day"]].drop_duplicates().sort_values(["customer", "day"])
    gaps = dates.groupby("customer")["day"].diff().groupby(dates["customer"])

    by_line = lines.groupby("customer")
    by_order = orders.groupby("customer")
    per = by_line.agg(
        lines=("quantity", "size"),
        units=("quantity", "sum"),
        revenue=("revenue", "sum"),
        price_sum=("price", "sum"),
        price_max=("price", "max"),
        price_min=("price", "min"),
        first_at=("sold_at", "min"),
        last_at=("sold_at", "max"),
        weekend_ratio=("is_weekend", "mean"),
        unique_products=("stock", "nunique"),
        active_months=("month", "nunique"),
        days_active=("day", "nunique"),
        first_day=("day", "min"),
        last_day=("day", "max"),
    )
    frequency = by_order.size()
    recency = (snapshot - per["last_at"]) // DAY
    tenure = (snapshot - per["first_at"]) // DAY
    lifetime = (per["last_at"] - per["first_at"]) // DAY
    monetary = per["revenue"] / PRICE_UNITS
    aov = monetary / frequency
    aov_std = by_order["revenue"].std() / PRICE_UNITS

    r_score = 6 - row_order_score(recency)
    f_score = row_order_score(frequency)
    m_score = row_order_score(per["revenue"])
    scores = pd.DataFrame({"r": r_score, "f": f_score, "m": m_score})
    segment = np.select(
        [scores.eval(rule) for _, rule in PUBLISHED_SEGMENTS],
        [name for name, _ in PUBLISHED_SEGMENTS],
        "Lost",
    )

    gap_count = (per["days_active"] - 1).clip(lower=1)
    # Exact integer form of floor((snapshot - (last_at + mean gap)) / 1 day).
    date_span = (per["last_day"] - per["first_day"]) * DAY
    overdue = ((snapshot - per["last_at"]) * gap_count - date_span) // (DAY * gap_count)
    overdue = overdue.where(per["days_active"] > 1, 0)
    consistency = per["active_months"] / (lifetime / 30).clip(lower=1)
    risk = (
        0.5 * (recency / 365 * 100).clip(upper=100)
        + 0.3 * (overdue / 180 * 100).clip(0, 100)
        + 0.2 * 50 * (1 - consistency)
    )
    hour, weekday, quarter = (modal(lines, name) for name in ("hour", "weekday", "quarter"))
    avg_price = per["price_sum"] / per["lines"] / PRICE_UNITS

    features = pd.DataFrame(
        {
            "customer_id": per.index.astype("str"),
            "recency": recency,
            "frequency": frequency,
            "monetary": monetary,
            "r_score": r_score,
            "f_score": f_score,
            "m_score": m_score,
            "rfm_score": (100 * r_score + 10 * f_score + m_score).astype("str"),
            "rfm_sum": r_score + f_score + m_score,
            "segment": segment,
            "avg_basket_size": per["units"] / frequency,
            "avg_basket_value": aov,
            "avg_item_price": avg_price,
            "unique_products": per["unique_products"],
            "product_diversity": per["unique_products"] / frequency,
            "is_bulk_buyer": (by_order["units"].max() > BULK_ORDER_UNITS).astype("int64"),
            "max_quantity_single_txn": by_order["units"].max(),
            "days_active": per["days_active"],
            "avg_inter_purchase_days": gaps.mean().fillna(0.0),
            "std_inter_purchase_days": gaps.std(ddof=0).fillna(0.0),
            "purchase_velocity": (30 * frequency / lifetime.where(lifetime > 0)).fillna(0.0),
            "preferred_hour": hour["hour"],
            "hour_concentration": hour["lines"] / per["lines"],
            "weekend_ratio": per["weekend_ratio"],
            "is_weekend_shopper": (per["weekend_ratio"] > 0.5).astype("int64"),
            "preferred_day": weekday["weekday"],
            "preferred_quarter": quarter["quarter"],
            "quarter_concentration": quarter["lines"] / per["lines"],
            "active_months": per["active_months"],
            "customer_lifetime_days": lifetime,
            "total_revenue": monetary,
            "clv": monetary,
            "aov": aov,
            "aov_std": aov_std,
            "aov_max": by_order["revenue"].max() / PRICE_UNITS,
            "aov_min": by_order["revenue"].min() / PRICE_UNITS,
            "avg_price": avg_price,
            "max_price": per["price_max"] / PRICE_UNITS,
            "price_range": (per["price_max"] - per["price_min"]) / PRICE_UNITS,
            "spending_cv": aov_std / aov,
            "revenue_growth": later_half_growth(orders),
            "return_rate": 0.0,
            "return_value": 0.0,
            "days_since_last": recency,
            "tenure_days": tenure,
            "activity_rate": 30 * frequency / tenure,
            "purchase_frequency": frequency,
            "engagement_consistency": consistency,
            "days_overdue": overdue,
            "churn_risk_score": risk,
            "loyalty_index": 100 - risk,
            "is_at_risk": (risk > AT_RISK_SCORE).astype("int64"),
        }
    )
    return features.sort_values("customer_id", ignore_index=True)


if __name__ == "__main__":
    customer_features_published(sys.argv[2:]).to_parquet(sys.argv[1])
