"""Weekly revenue split into trend, season and rest.

With two years of history by STL, the seasonal-trend decomposition by LOESS of Cleveland, Cleveland, McRae
and Terpenning (1990), with a season that is the same every year (R's `s.window = "periodic"`): so short a
history cannot show how a season changes. STL's robust weights are not used: of the two or three values
that a week of the year has, they cannot tell which is the odd one, drop all, and give the odd one whole to
the season. With less than two years a season cannot be told from the trend, so there is a trend only, by
robust LOESS (Cleveland 1979).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.nonparametric.smoothers_lowess import lowess
from statsmodels.tsa.seasonal import STL

from regulars.frames import TEXT

# Weeks of a season: a year.
SEASON_WEEKS = 52

# Weeks from which a season is measured: two of them.
STL_FROM_WEEKS = 2 * SEASON_WEEKS

# Weeks from which there is a trend.
TREND_FROM_WEEKS = 8

# Weeks that a point of the trend looks at, if there is no season: half a year.
TREND_SPAN_WEEKS = 26

# Robust iterations of LOESS, as in R.
ROBUST_ITERATIONS = 3

COLUMNS = {
    "week_start": "datetime64[us]",
    "trend": "float64",
    "seasonal": "float64",
    "method": TEXT,
    "reason": TEXT,
}


def decompose_weeks(weeks: pd.DataFrame) -> pd.DataFrame:
    """Split weekly revenue.

    Args:
        weeks: One row per week, without gaps: `week_start` (date), `revenue` (money), `is_complete`
            (whether all of its days lie within the data; false for the first or last week at most).

    Returns:
        One row per week, by `week_start` (see `COLUMNS`): `trend` and `seasonal` (money, four decimals;
        NaN where there is none), `method` (stl, trend or none) and `reason`.
    """
    weeks = weeks.sort_values("week_start", ignore_index=True)
    complete = weeks["is_complete"].to_numpy(dtype=bool)
    trend, seasonal, method, reason = _components(weeks["revenue"].to_numpy(dtype=float)[complete])
    found = pd.DataFrame(
        {
            "week_start": weeks["week_start"],
            "trend": np.nan,
            "seasonal": np.nan,
            "method": np.where(complete, method, "none"),
            "reason": np.where(complete, reason, "Not all days of the week lie within the data."),
        }
    )
    found.loc[complete, "trend"] = trend.round(4) + 0.0  # no negative zero
    found.loc[complete, "seasonal"] = seasonal.round(4) + 0.0
    return found.astype(COLUMNS)


def _components(revenue: np.ndarray) -> tuple[np.ndarray, np.ndarray, str, str]:
    count = len(revenue)
    nothing = np.full(count, np.nan)
    if count >= STL_FROM_WEEKS:
        return *_trend_and_season(revenue), "stl", f"{count} complete weeks: two years or more."
    if count >= TREND_FROM_WEEKS:
        reason = (
            f"{count} complete weeks; a season needs two years, {STL_FROM_WEEKS}. There is a trend here, "
            "and the effect of weekdays in timing_daily."
        )
        return _trend(revenue), nothing, "trend", reason
    reason = f"{count} complete weeks; a trend needs {TREND_FROM_WEEKS}."
    return nothing, nothing, "none", reason


def _trend_and_season(revenue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trend and season by STL; the season is the mean of each week of the year, as in R."""
    # a window far beyond the data makes the local constants of each week of the year one
    window = 10 * len(revenue) + 1
    fit = STL(revenue, period=SEASON_WEEKS, seasonal=window, seasonal_deg=0).fit()
    week_of_season = np.arange(len(revenue)) % SEASON_WEEKS
    means = np.bincount(week_of_season, fit.seasonal) / np.bincount(week_of_season)
    return fit.trend, means[week_of_season]


def _trend(revenue: np.ndarray) -> np.ndarray:
    """Trend by robust LOESS; without its robust weights where they fail."""
    position = np.arange(len(revenue), dtype=float)
    span = min(1.0, TREND_SPAN_WEEKS / len(revenue))
    plain = lowess(revenue, position, frac=span, it=0, return_sorted=False)
    # the weights divide by the median deviation, which is next to nothing where most weeks are alike
    # (github.com/statsmodels/statsmodels/issues/2449)
    if np.median(np.abs(revenue - plain)) <= 1e-6 * np.abs(revenue).max():
        return plain
    robust = lowess(revenue, position, frac=span, it=ROBUST_ITERATIONS, return_sorted=False)
    return robust if np.isfinite(robust).all() else plain
