"""Daily revenue of simulated shops, with spikes and drops put in whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.simulate import TRANSACTION_SCHEMA, ShopSettings, simulate_batches

DAY_FACTORS = (
    2.0,
    2.5,
    3.0,
    0.5,
    0.4,
    0.3,
    0.0,
)  # what a day's revenue is multiplied by; 0: closed
WEEK_FACTORS = (1.5, 2.0, 0.7, 0.5)
# sizes of the stated goal: days at least doubled or halved, weeks doubled or halved
GOAL = {("day", factor) for factor in DAY_FACTORS} | {("week", 2.0), ("week", 0.5)}
LEARNING_DAYS = 84
DAYS_BETWEEN = 28

# products sold, less what is taken back within a day; the second file repeats the end of the first
SALES = r"""
with
    lines as (
        select Invoice, upper(trim(StockCode)) as code, Quantity, InvoiceDate, Price, "Customer ID" as customer
        from batches
        where (source_file_number = 1 or InvoiceDate >= $first_file_end)
            and Price > 0 and regexp_matches(StockCode, '^\s*[0-9]{5}')
    ),
    taken_back as (select * from lines where Quantity < 0),
    sales as (
        select * from lines as sold
        where Quantity > 0 and not exists (
            select 1 from taken_back
            where taken_back.customer = sold.customer and taken_back.code = sold.code
                and taken_back.Price = sold.Price and taken_back.Quantity = -sold.Quantity
                and taken_back.InvoiceDate between sold.InvoiceDate and sold.InvoiceDate + interval 1 day
        )
    )
select
    InvoiceDate::date::timestamp as order_date,
    count(distinct Invoice) as order_count,
    sum(Quantity * Price::decimal(18, 4))::double as revenue
from sales
group by 1
order by 1
"""


def shop_days(*, customers: int, months: int, seed: int) -> pd.DataFrame:
    """Orders and revenue of every day of a simulated shop: order_date, order_count, revenue."""
    settings = ShopSettings(customers=customers, months=months, seed=seed, start=date(2021, 1, 1))
    batches = pa.RecordBatchReader.from_batches(TRANSACTION_SCHEMA, simulate_batches(settings))
    with duckdb.connect() as connection:
        connection.register("stream", batches)
        connection.execute("create table batches as select * from stream")
        sold = connection.execute(SALES, {"first_file_end": settings.first_file_end}).df()
    days = pd.date_range(sold["order_date"].iloc[0], settings.end - timedelta(1), name="order_date")
    return sold.set_index("order_date").reindex(days, fill_value=0).reset_index()


@dataclass(frozen=True)
class Event:
    """An injected anomaly."""

    period_type: str
    start: pd.Timestamp
    factor: float

    @property
    def days(self) -> set[pd.Timestamp]:
        length = 7 if self.period_type == "week" else 1
        return {self.start + pd.Timedelta(day, "D") for day in range(length)}

    @property
    def monday(self) -> pd.Timestamp:
        return self.start - pd.Timedelta(self.start.day_of_week, "D")


def inject(days: pd.DataFrame, *, seed: int) -> tuple[pd.DataFrame, list[Event]]:
    """Multiply the revenue of some days (seven in ten) and weeks; about one a month, from the third month on."""
    rng = np.random.default_rng(seed)
    changed, events = days.copy(), []
    weekday = days["order_date"].dt.day_of_week.to_numpy()
    orders = days["order_count"].to_numpy()
    place = LEARNING_DAYS + int(rng.integers(DAYS_BETWEEN))
    while place < len(days) - 7:
        if rng.random() < 0.7:
            place += int(np.argmax(orders[place : place + 7] >= 3))
            factor, length, kind = rng.choice(DAY_FACTORS), 1, "day"
        else:
            place += int(-weekday[place] % 7)
            factor, length, kind = rng.choice(WEEK_FACTORS), 7, "week"
        affected = slice(place, min(place + length, len(days)))
        if (orders[affected] > 0).sum() >= (5 if kind == "week" else 1):
            changed.loc[changed.index[affected], "revenue"] *= factor
            if factor == 0:
                changed.loc[changed.index[affected], "order_count"] = 0
            events.append(Event(kind, days["order_date"].iloc[place], float(factor)))
        place += int(rng.integers(DAYS_BETWEEN // 2, DAYS_BETWEEN * 3 // 2)) + length
    return changed, events


@dataclass(frozen=True)
class Tally:
    """What was found.

    Attributes:
        found: One row per judged event: period_type, factor, is_found (the day or its week; the week or one of
            its days).
        false_alarms: Days and weeks flagged that no event touches.
        quarters: Length of the judged time.
    """

    found: pd.DataFrame
    false_alarms: int
    quarters: float

    @property
    def recall(self) -> float:
        """Share of the events of the goal's sizes that were found."""
        sizes = zip(self.found["period_type"], self.found["factor"], strict=True)
        is_goal = [size in GOAL for size in sizes]
        return float(self.found.loc[is_goal, "is_found"].mean())

    @property
    def false_alarms_per_quarter(self) -> float:
        return self.false_alarms / self.quarters


def tally(judged: pd.DataFrame, events: list[Event]) -> Tally:
    """Compare what was flagged with what was injected."""
    scored = judged[judged["anomaly_score"].notna()]
    flagged = {
        kind: set(rows.loc[rows["is_anomaly"].astype(bool), "period_start"])
        for kind, rows in scored.groupby("period_type")
    }
    judged_starts = {
        kind: set(rows["period_start"]) for kind, rows in scored.groupby("period_type")
    }
    found = [
        {
            "period_type": event.period_type,
            "factor": event.factor,
            "is_found": bool(event.days & flagged["day"]) or event.monday in flagged["week"],
        }
        for event in events
        if event.start in judged_starts[event.period_type]
    ]
    touched = set().union(*(event.days for event in events))
    mondays = {event.monday for event in events}
    false_alarms = len(flagged["day"] - touched) + len(flagged["week"] - mondays)
    days = scored.loc[scored["period_type"] == "day", "period_start"]
    return Tally(pd.DataFrame(found), false_alarms, (days.max() - days.min()).days / 91.3125)


def add_up(tallies: list[Tally]) -> Tally:
    """Several shops as one."""
    return Tally(
        pd.concat([one.found for one in tallies], ignore_index=True),
        sum(one.false_alarms for one in tallies),
        sum(one.quarters for one in tallies),
    )
