"""What a simulated shop is asked for, and the random streams that follow from it."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

CUSTOMERS_RANGE = (1, 10_000_000)
MONTHS_RANGE = (2, 240)
SEED_RANGE = (0, 2**63 - 1)
START_RANGE = (date(1970, 1, 1), date(2200, 1, 1))
EDITIONS_RANGE = (1, 100)
ORDER_LINES_RANGE = (1, 100)
USUAL_ORDER_LINES = 18


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """Size, period and seed of a simulated shop; equal settings give equal bytes.

    Attributes:
        customers: Customers that the shop wins during the period (1 to 10,000,000).
        months: Length of the period in calendar months (2 to 240).
        seed: Seed of every random number (0 to 2^63 - 1).
        start: First day of the period (1970 to 2200).
        editions: Times that the catalogue of 800 products is carried, each time as goods of their
            own (1 to 100), so that large shops have many products.
        order_lines: Lines that an order of mean value aims at (1 to 100).

    Raises:
        ValueError: A field is outside its range or of the wrong type.
    """

    customers: int
    months: int
    seed: int
    start: date
    editions: int = 1
    order_lines: int = USUAL_ORDER_LINES

    def __post_init__(self) -> None:
        for name, (low, high) in {
            "customers": CUSTOMERS_RANGE,
            "months": MONTHS_RANGE,
            "seed": SEED_RANGE,
            "editions": EDITIONS_RANGE,
            "order_lines": ORDER_LINES_RANGE,
        }.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(f"{name} is {value!r}; it must be a whole number {low} to {high}")
        low_day, high_day = START_RANGE
        if type(self.start) is not date or not low_day <= self.start <= high_day:
            raise ValueError(f"start is {self.start!r}; it must be a date {low_day} to {high_day}")

    @property
    def end(self) -> date:
        """The day after the last day of the period."""
        return _months_later(self.start, self.months)

    @property
    def second_file_start(self) -> date:
        """First day of the second file: the middle of the period, in whole months."""
        return _months_later(self.start, self.months // 2)

    @property
    def first_file_end(self) -> date:
        """The day after the last day of the first file, nine days into the second file."""
        return self.second_file_start + timedelta(days=9)


def _months_later(day: date, months: int) -> date:
    years, month_index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month_index + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def random_stream(settings: ShopSettings, *, stream: int, step: int) -> np.random.Generator:
    """Return the generator of one purpose (`stream`) in one step of the simulation.

    Every purpose and step has a generator of its own, so that adding draws to one never moves
    another, and a step's rows do not depend on how the rows before it were read.
    """
    return np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(stream, step)))
