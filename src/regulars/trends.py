"""Whether monthly revenue of categories rises or falls, and how fast.

The test of Mann (1945) and Kendall (1975) counts the pairs of months in which the later is higher, less those
in which it is lower. Seasons are kept apart as Hirsch, Slack and Smith (1982) do: only the same months of
different years are compared, and the counts are summed. Where no value repeats and no month has more than
`EXACT_VALUES`, p-values come from the exact distribution of the count (Kendall 1975, by convolution over the
months), else from the normal one with the variance for ties and the correction for continuity. Months that
follow each other are alike, and that would pass as a trend: where the residuals of neighbouring months
correlate by r > 0, the variance is multiplied by (1 + r) / (1 - r), as if there were that many fewer months
(Bayley and Hammersley 1946). The slope is the median of those of all compared pairs (Sen 1968; Hirsch et al. 1982),
its interval Gilbert's (1987, section 16.4.2). Over the categories false discoveries are controlled by Benjamini
and Hochberg (1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, norm

from regulars.errors import InvalidSettingError
from regulars.frames import TEXT

YEAR_MONTHS = 12
SEASONAL_FROM_MONTHS = 18  # half of the months of the year twice: an exact p-value can reach .03
EXACT_VALUES = 10
LARGEST_AUTOCORRELATION = 0.8
LOGGED_FROM = 0.1  # medians of revenue
INTERVAL_COVERAGE = 0.95
LEAST_MONTHS = 4  # of any test

COLUMNS = {
    "category": TEXT,
    "month_count": "int64",
    "first_month": "datetime64[us]",
    "last_month": "datetime64[us]",
    "median_revenue": "float64",
    "autocorrelation": "float64",
    "tau": "float64",
    "s_statistic": "float64",
    "z_statistic": "float64",
    "p_value": "float64",
    "q_value": "float64",
    "sen_slope": "float64",
    "sen_slope_low": "float64",
    "sen_slope_high": "float64",
    "sen_slope_share_per_year": "float64",
    "trend": TEXT,
    "is_significant": "boolean",
    "seasonality": TEXT,
    "method": TEXT,
    "reason": TEXT,
}


@dataclass(frozen=True)
class MannKendall:
    """A test for a trend.

    Attributes:
        s: Pairs that rise less pairs that fall.
        variance: Of `s` if there is no trend.
        tau: `s` over the number of pairs, -1 to 1.
        z: `s`, moved by 1 towards 0, over its standard deviation.
        p_value: Two-sided.
        is_exact: Whether it comes from the exact distribution.
    """

    s: int
    variance: float
    tau: float
    z: float
    p_value: float
    is_exact: bool


def mann_kendall(
    values: np.ndarray, *, period: int = 1, inflation: float = 1.0, exact: bool = True
) -> MannKendall:
    """Test a series for a trend.

    Args:
        values: Shape (n,), in the order of time, without gaps.
        period: Values after which the season repeats; only values whole periods apart are compared.
        inflation: What autocorrelation multiplies the variance by, at least 1. Above 1 there is no exact
            distribution.
        exact: Whether to take it where there is one.
    """
    seasons = [values[start::period] for start in range(min(period, len(values)))]
    s = sum(int(np.sign(_differences(season)).sum()) for season in seasons)
    pairs = sum(len(season) * (len(season) - 1) // 2 for season in seasons)
    variance = inflation * sum(_variance(season) for season in seasons)
    z = float(s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0.0
    is_exact = (
        exact
        and inflation == 1
        and all(
            len(season) <= EXACT_VALUES and len(np.unique(season)) == len(season)
            for season in seasons
        )
    )
    p_value = (
        _exact_p_value(s, [len(season) for season in seasons])
        if is_exact
        else 2 * float(norm.sf(abs(z)))
    )
    return MannKendall(s, variance, s / pairs if pairs else 0.0, z, min(p_value, 1.0), is_exact)


def sen_slope(
    values: np.ndarray, *, variance: float, period: int = 1
) -> tuple[float, float, float]:
    """Slope of a trend, by the median of the slopes between all compared pairs.

    Args:
        values: As for `mann_kendall`.
        variance: As `mann_kendall` gives it.
        period: As for `mann_kendall`.

    Returns:
        Slope per value (not per period), and the low and high end of its 95 % interval; NaN for an end
        that the pairs are too few for.
    """
    slopes = np.sort(np.concatenate([_slopes(values[start::period]) for start in range(period)]))
    slopes = slopes / period
    half_width = norm.ppf((1 + INTERVAL_COVERAGE) / 2) * np.sqrt(variance)
    places = np.array([(len(slopes) - half_width) / 2, (len(slopes) + half_width) / 2 + 1])
    ends = np.interp(places, np.arange(1, len(slopes) + 1), slopes, left=np.nan, right=np.nan)
    return float(np.median(slopes)), float(ends[0]), float(ends[1])


def autocorrelation(values: np.ndarray, *, period: int = 1) -> float:
    """Correlation of neighbouring residuals, once the season and a straight trend are taken off.

    Args:
        values: As for `mann_kendall`; money, which is logged, as far as it lies above a tenth of the median
            (by asinh, for it may be 0 or negative).
        period: As for `mann_kendall`.

    Returns:
        Between -1 and 1; 0 where nothing is left over.
    """
    scale = LOGGED_FROM * np.median(np.abs(values))
    logged = np.arcsinh(values / scale) if scale > 0 else values
    place = np.arange(len(values))
    design = np.column_stack(
        [place % period == season for season in range(period)] + [place - place.mean()]
    ).astype(float)
    residuals = logged - design @ np.linalg.lstsq(design, logged, rcond=None)[0]
    total = float(residuals @ residuals)
    # what rounding leaves of a perfect fit is no residual
    if total <= 1e-18 * max(float(logged @ logged), 1.0):
        return 0.0
    return float(residuals[1:] @ residuals[:-1]) / total


def category_trends(
    months: pd.DataFrame, *, minimum_months: int, false_discovery_rate: float
) -> pd.DataFrame:
    """Test each category's monthly revenue for a trend.

    Args:
        months: One row per category and complete month, months without sales included: `category`,
            `month_start` (date), `revenue` (money).
        minimum_months: Months, from the category's first sale on, that a test needs.
        false_discovery_rate: Share (0-1) of the trends called significant that may be chance.

    Returns:
        One row per category, by `category` (see `COLUMNS`): slopes are money per month, `trend` is
        increasing, decreasing or none; missing, with the `reason`, where there is no test.

    Raises:
        InvalidSettingError: A setting is missing or has no meaning.
    """
    if minimum_months is None or minimum_months < LEAST_MONTHS:
        raise InvalidSettingError(
            f"minimum_months is {minimum_months!r}; it must be {LEAST_MONTHS} or more."
        )
    if false_discovery_rate is None or not 0 < false_discovery_rate < 1:
        raise InvalidSettingError(
            f"false_discovery_rate is {false_discovery_rate!r}; it must lie between 0 and 1."
        )
    months = months.sort_values(["category", "month_start"])
    trends = pd.DataFrame(
        [
            {"category": category} | _trend(series, minimum_months)
            for category, series in months.groupby("category")
        ],
        columns=list(COLUMNS),
    ).astype(COLUMNS)
    tested = trends["p_value"].notna()
    if tested.any():
        p_values = trends.loc[tested, "p_value"].to_numpy(dtype=float)
        trends.loc[tested, "q_value"] = false_discovery_control(p_values)
        is_significant = trends.loc[tested, "q_value"].to_numpy() <= false_discovery_rate
        ways = np.where(trends.loc[tested, "s_statistic"] > 0, "increasing", "decreasing")
        trends.loc[tested, "is_significant"] = is_significant
        trends.loc[tested, "trend"] = np.where(is_significant, ways, "none")
    return trends


def _trend(series: pd.DataFrame, minimum_months: int) -> dict[str, object]:
    sold = series["revenue"].to_numpy(dtype=float)
    sold_from = int(np.argmax(sold != 0)) if (sold != 0).any() else len(sold) - 1
    values, months = sold[sold_from:], series["month_start"].iloc[sold_from:]
    span = {
        "month_count": len(values),
        "first_month": months.iloc[0],
        "last_month": months.iloc[-1],
    }
    if len(values) < minimum_months:
        reason = (
            f"{len(values)} complete months since the first sale; a trend needs {minimum_months}."
        )
        return span | {"method": "none", "seasonality": "Not looked at.", "reason": reason}
    is_seasonal = len(values) >= SEASONAL_FROM_MONTHS
    period = YEAR_MONTHS if is_seasonal else 1
    correlation = round(autocorrelation(values, period=period), 12)
    alike = min(max(correlation, 0.0), LARGEST_AUTOCORRELATION)
    test = mann_kendall(values, period=period, inflation=(1 + alike) / (1 - alike))
    slope, low, high = sen_slope(values, variance=test.variance, period=period)
    median = float(np.median(values))
    found = {
        "median_revenue": median,
        "autocorrelation": correlation,
        "tau": test.tau,
        "z_statistic": test.z,
        "p_value": test.p_value,
        "sen_slope": slope,
        "sen_slope_low": low,
        "sen_slope_high": high,
        "sen_slope_share_per_year": YEAR_MONTHS * slope / median if median > 0 else np.nan,
    }
    return (
        span
        | {name: round(value, 9) + 0.0 for name, value in found.items()}  # no negative zero
        | {
            "s_statistic": test.s,
            "seasonality": "Same months of different years compared."
            if is_seasonal
            else f"Not told from the trend: that needs {SEASONAL_FROM_MONTHS} months.",
            "method": ("seasonal_" if is_seasonal else "")
            + "mann_kendall"
            + ("_exact" if test.is_exact else ""),
            "reason": None,
        }
    )


def _differences(values: np.ndarray) -> np.ndarray:
    """Later less earlier value of every pair, shape (pairs,)."""
    earlier, later = np.triu_indices(len(values), 1)
    return values[later] - values[earlier]


def _slopes(values: np.ndarray) -> np.ndarray:
    earlier, later = np.triu_indices(len(values), 1)
    return (values[later] - values[earlier]) / (later - earlier)


def _variance(values: np.ndarray) -> float:
    """Variance of s without a trend, with the correction for ties (Kendall 1975)."""
    sizes = np.array([len(values), *np.unique(values, return_counts=True)[1]], dtype=float)
    terms = sizes * (sizes - 1) * (2 * sizes + 5) / 18
    return float(terms[0] - terms[1:].sum())


def _exact_p_value(s: int, sizes: list[int]) -> float:
    """Two-sided p-value of a sum of counts over seasons with so many values each, none of them tied."""
    chances = np.ones(1)  # of each number of falling pairs
    for size in sizes:
        for value in range(2, size + 1):
            chances = np.convolve(chances, np.full(value, 1 / value))
    falling = (len(chances) - 1 - abs(s)) // 2
    return min(1.0, 2 * float(chances[: falling + 1].sum()))
