"""The shop's clock: calendar time stretched where the shop is busy, stopped where it is closed.

Customers of the simulation buy by a stationary process, yet the shop's sales must have a season,
weekdays and opening hours. Both hold on a clock that runs as fast as the shop is busy: **shop
days**. A shop day is one calendar day on average over a year; a Thursday in November is almost two
and a half of them, a Saturday next to nothing, and 25 December to 1 January none at all. A process
with a constant rate per shop day is, on the calendar, the same process with a seasonal rate (time
change of a Poisson process), so the parameters in `regulars.simulate.customers` are exact on this
clock and hold on average on the calendar's.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

MINUTES_PER_DAY = 1440

# Busyness by month, January first: a gift shop's autumn.
MONTH_FACTORS = (0.70, 0.74, 0.95, 0.86, 0.98, 0.97, 0.92, 0.88, 1.14, 1.36, 1.70, 1.25)
# Busyness by weekday, Monday first: Saturday is all but closed.
WEEKDAY_FACTORS = (1.10, 1.27, 1.25, 1.44, 1.07, 0.005, 0.84)
# Share of a day's orders by hour of opening, 8:00 to 20:59.
OPENING_HOUR = 8
HOUR_SHARES = (25, 70, 115, 122, 160, 142, 127, 114, 68, 35, 12, 8, 2)


class ShopClock:
    """Converts between calendar time and shop days since the start of a period.

    Times are whole minutes since 1970-01-01 (int64), as in the transactions.
    """

    def __init__(self, *, start: date, end: date) -> None:
        days = np.arange(np.datetime64(start, "D"), np.datetime64(end, "D"))
        months = days.astype("datetime64[M]").astype(np.int64) % 12
        day_of_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
        weekdays = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        month_factors = np.array(MONTH_FACTORS) / np.mean(MONTH_FACTORS)
        weekday_factors = np.array(WEEKDAY_FACTORS) / np.mean(WEEKDAY_FACTORS)
        self._speeds = month_factors[months] * weekday_factors[weekdays]
        shut = ((months == 11) & (day_of_month >= 25)) | ((months == 0) & (day_of_month == 1))
        self._speeds[shut] = 0.0
        self._edges = np.concatenate([[0.0], np.cumsum(self._speeds)])
        closing_hour = OPENING_HOUR + len(HOUR_SHARES)
        self._hour_minutes = 60.0 * np.arange(OPENING_HOUR, closing_hour + 1)
        self._hour_shares = np.concatenate([[0.0], np.cumsum(HOUR_SHARES) / np.sum(HOUR_SHARES)])
        self.start_minute = int(days[0].astype(np.int64)) * MINUTES_PER_DAY
        self.end_minute = self.start_minute + len(days) * MINUTES_PER_DAY

    @property
    def length(self) -> float:
        """Shop days in the whole period."""
        return float(self._edges[-1])

    def minutes(self, shop_days: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the calendar minute of each shop time; the period's end for times beyond it."""
        last = len(self._speeds) - 1
        day = np.minimum(np.searchsorted(self._edges[1:], shop_days, side="right"), last)
        speed = np.where(self._speeds[day] > 0, self._speeds[day], 1.0)
        share = (shop_days - self._edges[day]) / speed
        in_day = np.interp(share, self._hour_shares, self._hour_minutes).astype(np.int64)
        minutes = self.start_minute + day * MINUTES_PER_DAY + in_day
        return np.where(shop_days >= self.length, self.end_minute, minutes)

    def shop_days(self, minutes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the shop days passed at each calendar minute, clipped to the period."""
        inside = np.clip(minutes, self.start_minute, self.end_minute) - self.start_minute
        day = np.minimum(inside // MINUTES_PER_DAY, len(self._speeds) - 1)
        in_day = inside - day * MINUTES_PER_DAY
        share = np.interp(in_day, self._hour_minutes, self._hour_shares)
        return self._edges[day] + self._speeds[day] * share

    def month(self, shop_time: float) -> int:
        """Return the calendar month, 1 to 12, at a time in shop days."""
        minute = self.minutes(np.array([shop_time]))[0]
        return int(np.datetime64(int(minute), "m").astype("datetime64[M]").astype(int)) % 12 + 1
