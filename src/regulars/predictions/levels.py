"""Levels: how much existing customers will spend and how many will order, forecast for the shop.

Models rank customers well and miss levels, because seasons and growth move all customers at once. So
last year's same window of the whole shop is taken, times the share that existing customers had in the
last finished window, extended by its last change. Anonymous orders count, very large order lines do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Days between a date and the same window a year before.
YEAR_DAYS = 365


@dataclass(frozen=True)
class Levels:
    """Forecast levels of one horizon.

    Attributes:
        revenue_per_customer: Money per existing customer; None where history is too short.
        active_share: Share of existing customers who order; None where history is too short.
    """

    revenue_per_customer: float | None
    active_share: float | None


def forecast_levels(
    shop_windows: pd.DataFrame,
    *,
    date: pd.Timestamp,
    horizon_days: int,
    spacing_days: int,
    customer_count: int,
    share_growth_limit: float,
) -> Levels:
    """Forecast the levels of existing customers over a horizon.

    Args:
        shop_windows: Columns SHOP_WINDOW_COLUMNS; windows that end after the date are not looked at.
        date: First day of the window to forecast.
        horizon_days: Days of the window.
        spacing_days: Days between origins.
        customer_count: Existing customers on the date.
        share_growth_limit: Most that the share may grow, 0 to 1.
    """
    windows = shop_windows[shop_windows["horizon_days"] == horizon_days]
    ends = windows["start_date"] + pd.Timedelta(days=horizon_days)
    windows = windows[ends <= date].set_index("start_date").sort_index()
    last_year = date - pd.Timedelta(days=YEAR_DAYS)
    if last_year not in windows.index:
        return Levels(None, None)
    finished = windows[windows["existing_customers"].notna()]
    # shares of origins that lie as this one does; those of last year's dates are none
    on_grid = (date - finished.index).days % spacing_days == 0
    finished = finished[on_grid]
    if finished.empty:
        return Levels(None, None)
    revenue = _extended(finished["existing_revenue"], finished["revenue"], share_growth_limit)
    active = _extended(
        finished["existing_active_customers"], finished["active_customers"], share_growth_limit
    )
    return Levels(
        float(windows.at[last_year, "revenue"]) * revenue / customer_count,
        min(float(windows.at[last_year, "active_customers"]) * active / customer_count, 0.99),
    )


def _extended(existing: pd.Series, whole: pd.Series, limit: float) -> float:
    shares = (existing / whole.where(whole > 0)).dropna().to_numpy()
    if not len(shares):
        return 1.0
    change = float(np.clip(shares[-1] - shares[-2], 0.0, limit)) if len(shares) > 1 else 0.0
    return float(min(shares[-1] + change, 1.0))
