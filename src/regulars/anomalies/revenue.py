"""Days and weeks whose revenue is not what it should have been.

Log revenue of a day is taken as **level + season + weekday + noise**, and every part is known before the
day begins, so no later row ever changes a score:

* The **weekday** is the median, over half a year, of what that weekday stood above its own week.
* The **level** follows a local-level filter (a Kalman filter of a random walk; Harvey 1989, section 2.1)
  whose innovations are clipped at `CLIP` spreads (Masreliez and Martin 1977; Gelper, Fried and Croux 2010,
  "Robust forecasting with exponential and Holt-Winters smoothing"), so that an anomaly hardly moves it.
* The **season** is what the level did last year from the same point on: the mean of the fortnight around
  the day 52 weeks ago less the level that the filter had then. It is used from the second year on.
* The **spread** is 1.4826 times the median absolute innovation of the last half year. A day's variance
  falls with its expected revenue, as the variance of the log of a sum of orders does. `KNOWN_TO` is added
  to it: months do not begin and end as smoothly as a level moves.

A week is expected to bring what its days are expected to bring, seen from its Monday; its spread is that of
past weeks. The score is the innovation in spreads. Logs make a half and a double equally far.

A weekday with orders in under `OPEN_SHARE` of weeks is usually closed and not judged. A day without an
order is a drop, unless the shop was closed on it last year too: on the same date, 52 weeks ago, or as many
days from Easter. Of days closed one after another the first is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from dateutil.easter import easter

from regulars.errors import InvalidSettingError
from regulars.frames import TEXT

YEAR_DAYS = 364  # 52 weeks: the same weekday a year ago
WEEKDAY_WEEKS = 26  # that the effect of a weekday, and whether it is open, is taken from
WEEKDAY_MINIMUM = 3  # of them, with sales
LEVEL_DRIFT = 0.012  # variance that a day adds to the level, in variances of a typical day
LEVEL_START_DAYS = 28  # whose median the level begins with
LEVEL_START_VARIANCE = 0.5
SEASON_HALF_SPAN = 7  # days on each side of the day a year ago
SEASON_MINIMUM = 5  # of them, with sales
SEASON_VARIANCE = 0.15  # of a mean of a fortnight and of the level it is compared with
CLIP = 2.5  # spreads
SPREAD_DAYS, SPREAD_MINIMUM_DAYS = 156, 30  # innovations of days: half a year of six-day weeks
SPREAD_WEEKS, SPREAD_MINIMUM_WEEKS = 52, 8
START_SPREAD = 0.5  # of log revenue
KNOWN_TO = (
    0.08  # of log revenue: level and season are never known better, however many orders there are
)
OPEN_SHARE = 0.75
LEAST_SHARE = 0.01  # revenue below this share of what is expected counts as it: zero has no log
MAD_TO_SIGMA = 1.4826

COLUMNS = {
    "period_type": TEXT,
    "period_start": "datetime64[us]",
    "expected_revenue": "float64",
    "expected_low": "float64",
    "expected_high": "float64",
    "anomaly_score": "float64",
    "is_anomaly": "boolean",
    "method": TEXT,
    "reason": TEXT,
}


def judge_revenue(days: pd.DataFrame, *, score_from: float) -> pd.DataFrame:
    """Compare the revenue of every day and week with what was to be expected before it.

    Args:
        days: One row per day without gaps: `order_date`, `order_count`, `revenue` (money, net; at most 0
            where there is none).
        score_from: Score (spreads of log revenue), above 0, from which a period is an anomaly.

    Returns:
        One row per period, by `period_type` (day, week) and `period_start` (see `COLUMNS`): expected
        revenue and the bounds beyond which it is an anomaly (money), the signed score, `method`
        (weekday_level, weekday_level_season or none), and `reason` where there is no score. Weeks begin on
        Mondays; the first and last may be incomplete and then have no score.

    Raises:
        InvalidSettingError: `score_from` is no number above 0.
    """
    if score_from is None or not score_from > 0:
        raise InvalidSettingError(f"score_from is {score_from!r}; it must be a number above 0.")
    days = days.sort_values("order_date", ignore_index=True)
    dates = pd.DatetimeIndex(days["order_date"])
    series = _Series(
        dates=dates,
        weekday=dates.day_of_week.to_numpy(),
        is_open=days["order_count"].to_numpy() > 0,
        revenue=days["revenue"].to_numpy(dtype=float),
    )
    baseline, judged_days = _judge_days(series, score_from)
    judged = pd.concat([judged_days, _judge_weeks(series, baseline, score_from)])
    judged[["expected_revenue", "expected_low", "expected_high"]] = judged[
        ["expected_revenue", "expected_low", "expected_high"]
    ].round(2)
    return judged.sort_values(["period_type", "period_start"], ignore_index=True)[
        list(COLUMNS)
    ].astype(COLUMNS)


@dataclass(frozen=True)
class _Series:
    """Days without gaps; arrays of shape (days,)."""

    dates: pd.DatetimeIndex
    weekday: np.ndarray  # Monday 0
    is_open: np.ndarray  # whether there was an order
    revenue: np.ndarray  # money


@dataclass(frozen=True)
class _Baseline:
    """What was known before each day; arrays of shape (days,), NaN where nothing was."""

    weekday: np.ndarray  # log of the weekday's part
    level: np.ndarray  # log of a typical day's revenue
    season: np.ndarray  # log level around the day a year ago
    open_share: np.ndarray  # of the same weekdays before
    is_recurring: np.ndarray  # closed, as a year ago

    def is_judged(self) -> np.ndarray:
        """Whether sales were to be expected."""
        return (self.open_share >= OPEN_SHARE) & ~self.is_recurring

    def season_change(self, day: int, *, since: int) -> float:
        """What the level did a year ago from one day to another; 0 if that is not known."""
        year_ago = since - YEAR_DAYS
        change = self.season[day] - self.level[year_ago] if year_ago >= 0 else np.nan
        return 0.0 if np.isnan(change) else float(change)


def _judge_days(series: _Series, score_from: float) -> tuple[_Baseline, pd.DataFrame]:
    count = len(series.dates)
    baseline = _Baseline(
        weekday=np.full(count, np.nan),
        level=np.full(count, np.nan),
        season=np.full(count, np.nan),
        open_share=np.full(count, np.nan),
        is_recurring=_recurring_closures(series),
    )
    cleaned = np.full(count, np.nan)  # log revenue, anomalies pulled in
    seasonal = np.full(count, np.nan)  # the same less the weekday
    deviation = np.full(count, np.nan)  # log revenue less that of the seven days around
    innovations: list[float] = []
    level, level_variance = np.nan, LEVEL_START_VARIANCE
    closed_since = None
    rows = []
    for day in range(count):
        _measure_deviation(deviation, cleaned, day - 4)
        weekdays = np.arange(day - 7, -1, -7)[:WEEKDAY_WEEKS]
        if len(weekdays):
            baseline.open_share[day] = series.is_open[weekdays].mean()
        is_sold = series.revenue[day] > 0
        logged = np.log(series.revenue[day]) if is_sold else np.nan
        known = deviation[weekdays[1:]]
        known = known[~np.isnan(known)]
        if np.isnan(level) and day >= LEVEL_START_DAYS:
            level = _median(cleaned[day - LEVEL_START_DAYS : day])
        spread = _spread(innovations[-SPREAD_DAYS:], SPREAD_MINIMUM_DAYS)
        if not np.isnan(level):
            level_variance += LEVEL_DRIFT
        baseline.level[day] = level
        baseline.season[day] = _season(seasonal, day)
        is_usually_closed = (
            len(weekdays) >= WEEKDAY_MINIMUM and baseline.open_share[day] < OPEN_SHARE
        )
        if is_usually_closed or len(known) < WEEKDAY_MINIMUM or np.isnan(level):
            cleaned[day] = logged
            share = f"{100 * baseline.open_share[day]:.0f} % of weeks before"
            rows.append(
                _unjudged(
                    f"The shop is usually closed on this weekday: open in {share}."
                    if is_usually_closed
                    else _too_few_days(0)
                )
            )
            continue

        baseline.weekday[day] = _median(known)
        change = baseline.season_change(day, since=day)
        has_season = change != 0.0
        expected = level + change + baseline.weekday[day]
        noise = np.exp(-baseline.weekday[day])
        variance = noise + level_variance + has_season * SEASON_VARIANCE
        residual = max(logged - expected, np.log(LEAST_SHARE)) if is_sold else np.log(LEAST_SHARE)
        is_closed = not series.is_open[day]
        reason = None
        if np.isnan(spread):
            reason = _too_few_days(len(innovations))
        elif is_closed and baseline.is_recurring[day]:
            reason = "Closed, as on this date or holiday last year."
        elif is_closed and closed_since is not None:
            reason = f"Closed since {series.dates[closed_since]:%Y-%m-%d}; the first day is judged."
        rows.append(
            _unjudged(reason)
            if reason
            else _judged(
                expected, residual, spread * np.sqrt(variance), score_from, has_season=has_season
            )
        )
        if is_closed:
            if closed_since is None and not baseline.is_recurring[day]:
                closed_since = day
            continue
        closed_since = None
        innovations.append(residual / np.sqrt(variance))
        limit = CLIP * (START_SPREAD if np.isnan(spread) else spread) * np.sqrt(variance)
        pulled_in = float(np.clip(residual, -limit, limit))
        seasonal[day] = level + change + pulled_in
        cleaned[day] = seasonal[day] + baseline.weekday[day]
        gain = level_variance / variance
        level += gain * (change + pulled_in)
        level_variance *= 1 - gain
    return baseline, _framed(rows, "day", series.dates)


def _judge_weeks(series: _Series, baseline: _Baseline, score_from: float) -> pd.DataFrame:
    count = len(series.dates)
    usual = baseline.is_judged()
    first_monday = -int(series.weekday[0]) if count else 0
    innovations: list[float] = []
    rows, starts = [], []
    for monday in range(first_monday, count, 7):
        starts.append(series.dates[0] + timedelta(monday))
        if monday < 0 or monday + 7 > count:
            rows.append(_unjudged("Not all days of the week lie within the data."))
            continue
        week = range(monday, monday + 7)
        expected = sum(_expected_in_week(series, baseline, day, monday=monday) for day in week)
        spread = _spread(innovations[-SPREAD_WEEKS:], SPREAD_MINIMUM_WEEKS)
        if np.isnan(expected):
            rows.append(_unjudged(_too_few_weeks(0)))
            continue
        if not any(usual[day] for day in week) or expected <= 0:
            rows.append(_unjudged("The shop is usually closed in this week."))
            continue
        revenue = max(series.revenue[monday : monday + 7].sum(), LEAST_SHARE * expected)
        residual = np.log(revenue / expected)
        has_season = any(baseline.season_change(day, since=monday) != 0.0 for day in week)
        rows.append(
            _unjudged(_too_few_weeks(len(innovations)))
            if np.isnan(spread)
            else _judged(np.log(expected), residual, spread, score_from, has_season=has_season)
        )
        innovations.append(residual)
    return _framed(rows, "week", pd.DatetimeIndex(starts, dtype="datetime64[us]"))


def _framed(
    rows: list[dict[str, object]], period_type: str, starts: pd.DatetimeIndex
) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(
        period_type=period_type, period_start=starts
    )


def _expected_in_week(series: _Series, baseline: _Baseline, day: int, *, monday: int) -> float:
    """Revenue (money) expected of a day by what was known before its Monday; NaN if nothing was."""
    if baseline.is_recurring[day]:
        return 0.0
    if baseline.open_share[day] < OPEN_SHARE:
        return float(np.median(series.revenue[day - 7 :: -7][:WEEKDAY_WEEKS]))
    change = baseline.season_change(day, since=monday)
    return float(np.exp(baseline.level[monday] + change + baseline.weekday[day]))


def _measure_deviation(deviation: np.ndarray, cleaned: np.ndarray, day: int) -> None:
    """Set what a day stood above its own week, the three days on each side and itself."""
    if day >= 3 and not np.isnan(cleaned[day]):
        around = np.exp(cleaned[day - 3 : day + 4])
        deviation[day] = cleaned[day] - np.log(np.nanmean(around))


def _season(seasonal: np.ndarray, day: int) -> float:
    year_ago = day - YEAR_DAYS
    if year_ago < 0:
        return np.nan
    around = seasonal[max(0, year_ago - SEASON_HALF_SPAN) : year_ago + SEASON_HALF_SPAN + 1]
    around = around[~np.isnan(around)]
    return float(around.mean()) if len(around) >= SEASON_MINIMUM else np.nan


def _spread(innovations: list[float], minimum: int) -> float:
    if len(innovations) < minimum:
        return np.nan
    return MAD_TO_SIGMA * float(np.median(np.abs(innovations)))


def _median(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else np.nan


def _recurring_closures(series: _Series) -> np.ndarray:
    """Days without an order that had none a year ago either, by date, weekday or Easter."""
    closed = {
        day.date() for day, is_open in zip(series.dates, series.is_open, strict=True) if not is_open
    }
    return np.array(
        [day.date() in closed and _was_closed(day.date(), closed) for day in series.dates],
        dtype=bool,
    )


def _was_closed(day: date, closed: set[date]) -> bool:
    last_year = day.year - 1
    same_date = date(last_year, day.month, min(day.day, 28) if day.month == 2 else day.day)
    from_easter = easter(last_year) + (day - easter(day.year))
    return not closed.isdisjoint({same_date, day - timedelta(YEAR_DAYS), from_easter})


def _judged(
    expected: float, residual: float, spread: float, score_from: float, *, has_season: bool
) -> dict[str, object]:
    spread = np.hypot(spread, KNOWN_TO)
    score = round(residual / spread, 4)
    return {
        "expected_revenue": np.exp(expected),
        "expected_low": np.exp(expected - score_from * spread),
        "expected_high": np.exp(expected + score_from * spread),
        "anomaly_score": score,
        "is_anomaly": abs(score) >= score_from,
        "method": "weekday_level_season" if has_season else "weekday_level",
        "reason": None,
    }


def _unjudged(reason: str) -> dict[str, object]:
    nothing = dict.fromkeys(
        ("expected_revenue", "expected_low", "expected_high", "anomaly_score"), np.nan
    )
    return nothing | {"is_anomaly": False, "method": "none", "reason": reason}


def _too_few_days(count: int) -> str:
    return (
        f"{count} earlier days to measure the usual spread by; {SPREAD_MINIMUM_DAYS} are needed, after "
        f"{LEVEL_START_DAYS} days to begin with."
    )


def _too_few_weeks(count: int) -> str:
    return (
        f"{count} earlier weeks to measure the usual spread by; {SPREAD_MINIMUM_WEEKS} are needed, after "
        f"{LEVEL_START_DAYS} days to begin with."
    )
