"""The frames that predictions read, checked at the border.

``snapshots``: one row per as_of_date and customer_id (mart training_snapshots). ``shop_days``: one row
per day with a sale (sold_date, order_count). ``shop_windows``: one row per start_date and horizon_days of
finished windows (revenue, active_customers, existing_customers, existing_active_customers,
existing_revenue).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from regulars.errors import UnusableInputError

# Decimals of so many digits are whole numbers of 64 bits, but for their point.
WHOLE_DIGITS = 18

HORIZONS = (30, 60, 90, 180, 365)
RECENT_DAYS = (30, 60, 90, 120, 180, 270, 365)

# Numeric features of the mart customer_features; its texts (segment, category, RFM code) are left out.
MART_FEATURES = (
    "recency_days", "frequency", "monetary", "r_score", "f_score", "m_score", "rfm_sum",
    "avg_basket_size", "aov", "avg_item_price", "unique_products", "unique_categories",
    "product_diversity", "category_entropy", "days_active", "avg_inter_purchase_days",
    "median_inter_purchase_days", "std_inter_purchase_days", "is_bulk_buyer",
    "max_quantity_single_txn", "preferred_hour", "hour_concentration", "weekend_ratio",
    "is_weekend_shopper", "preferred_day", "preferred_quarter", "quarter_concentration",
    "active_months", "customer_lifetime_days", "purchase_velocity", "gross_revenue", "aov_std",
    "aov_max", "aov_min", "max_price", "price_range", "spending_cv", "revenue_growth",
    "revenue_last_90d", "revenue_last_365d", "return_rate", "return_value", "tenure_days",
    "activity_rate", "engagement_consistency", "days_overdue", "churn_risk_score",
    "loyalty_index", "is_at_risk",
)  # fmt: skip

# Features of the purchase summary.
SUMMARY_FEATURES = (
    "last_purchase_day_revenue",
    "previous_purchase_age_days",
    *(f"purchase_days_last_{days}d" for days in RECENT_DAYS),
    *(f"order_revenue_last_{days}d" for days in RECENT_DAYS),
)

KEYS = ("as_of_date", "customer_id")
LABELS = ("segment", "confidence_tier")
SUMMARY = (
    "repeat_purchase_days",
    "last_purchase_age_days",
    "observed_days",
    "log_gap_sum_millionths",
    "log_gap_square_sum_millionths",
    "order_revenue",
)
OUTCOMES = (
    "next_order_days",
    *(f"orders_{days}d" for days in HORIZONS),
    *(f"revenue_{days}d" for days in HORIZONS),
)
SCORING_COLUMNS = (*KEYS, *LABELS, *SUMMARY, *MART_FEATURES, *SUMMARY_FEATURES)
SNAPSHOT_COLUMNS = (*SCORING_COLUMNS, *OUTCOMES)
SHOP_DAY_COLUMNS = ("sold_date", "order_count")
SHOP_WINDOW_COLUMNS = (
    "start_date",
    "horizon_days",
    "revenue",
    "active_customers",
    "existing_customers",
    "existing_active_customers",
    "existing_revenue",
)


def read_frame(
    frame: pd.DataFrame | pa.Table, *, columns: Sequence[str], name: str
) -> pd.DataFrame:
    """A pandas frame with the columns needed, numbers as float64 and dates as timestamps.

    Args:
        frame: pandas or Arrow.
        columns: Columns that must be there; others are left out.
        name: What to call the frame in messages.

    Raises:
        UnusableInputError: A column is missing.
    """
    is_arrow = isinstance(frame, pa.Table)
    found = frame.column_names if is_arrow else list(frame.columns)
    missing = [column for column in columns if column not in found]
    if missing:
        raise UnusableInputError(
            f"{name} lacks the columns {', '.join(missing)}; it has {', '.join(map(str, found))}."
        )
    if is_arrow:
        frame = _with_floats(frame.select(columns)).to_pandas()
    read = {column: _as_plain(frame[column], column) for column in columns}
    return pd.DataFrame(read).reset_index(drop=True)


def _with_floats(table: pa.Table) -> pa.Table:
    """The table with its decimals as the nearest floats.

    pandas would make an object of each; Arrow's own cast to floats misses the nearest by a digit.
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.precision <= WHOLE_DIGITS:
            scale = 10**field.type.scale
            whole = pc.multiply(table.column(place), pa.scalar(Decimal(scale))).cast(pa.int64())
            table = table.set_column(
                place, field.name, pc.divide(whole.cast(pa.float64(), safe=False), float(scale))
            )
    return table


def _as_plain(column: pd.Series, name: str) -> pd.Series:
    if name in {"customer_id", *LABELS}:
        return column.astype(object).reset_index(drop=True)
    if name.endswith("_date"):
        return pd.to_datetime(column).reset_index(drop=True)
    return pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))


def read_snapshots(snapshots: pd.DataFrame | pa.Table) -> pd.DataFrame:
    """The snapshots, checked and sorted by as_of_date and customer_id.

    Raises:
        UnusableInputError: A column is missing, or a customer occurs twice on a date.
    """
    frame = read_frame(snapshots, columns=SNAPSHOT_COLUMNS, name="The snapshots")
    frame = frame.sort_values(list(KEYS), kind="stable", ignore_index=True)
    doubled = frame.duplicated(list(KEYS))
    if doubled.any():
        first = frame.loc[doubled].iloc[0]
        raise UnusableInputError(
            f"The snapshots hold customer {first.customer_id} twice on {first.as_of_date:%Y-%m-%d}."
        )
    return frame


def known_on(snapshots: pd.DataFrame, *, date: pd.Timestamp) -> pd.DataFrame:
    """The snapshots of a date and earlier, with outcomes of windows that end by then only."""
    known = snapshots[snapshots["as_of_date"] <= date].copy()
    age_days = (date - known["as_of_date"]).dt.days
    for days in HORIZONS:
        known.loc[age_days < days, [f"orders_{days}d", f"revenue_{days}d"]] = np.nan
    known.loc[age_days < 90, "next_order_days"] = np.nan
    return known
