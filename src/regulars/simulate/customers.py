"""The customers of the simulated shop and the process by which they buy.

**Purchases** (BG/NBD; Fader, Hardie and Lee 2005, "Counting your customers the easy way"): a
customer's first order, at `acquired_at`, is given. While active a customer orders by a Poisson
process with a rate of their own, gamma(shape `PURCHASE_R`, rate `PURCHASE_ALPHA_DAYS`). After each
*repeat* order (not after the first) the customer leaves for good with a probability of their own,
beta(`DROPOUT_A`, `DROPOUT_B`). Time is counted in shop days (`regulars.simulate.clock`), in which
season, weekdays and opening hours vanish.

**Spend** (gamma-gamma; Fader and Hardie 2013, "The gamma-gamma model of monetary value"): an
order's value is gamma(shape `SPEND_P`, rate nu) with nu of the customer's own, gamma(shape
`SPEND_Q`, rate `SPEND_V`); their mean order value is `SPEND_P` / nu, the shop's is
`SPEND_P * SPEND_V / (SPEND_Q - 1)`. Spend and purchasing are independent. Wholesale customers are
the heavy tail of this one distribution, not a population apart.

Acquisitions thin out over the period: at a share x of it (on the shop's clock) their density is
proportional to (x + `ACQUISITION_OFFSET`) ** -`ACQUISITION_EXPONENT`. So most customers are old and
sales are about level from the start, as in a shop that is not new.

What the transactions add to this process, and how it moves a measurement:

* An order's lines come to its value within half of the price of its cheapest product, since
  quantities are whole.
* Orders are stamped to the minute; those of one customer on one day stay separate orders.
* Repeated lines add about 0.5 % to order values; postage and other charges are lines of their own.
* Mistaken orders and lines, reversed within 24 hours, are *extra* to the process: without them the
  process is whole again. So are the two giant orders.
* Later returns lower net revenue, not order values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from regulars.simulate.catalogue import FAMILIES
from regulars.simulate.clock import ShopClock
from regulars.simulate.settings import ShopSettings, random_stream

PURCHASE_R = 0.48
PURCHASE_ALPHA_DAYS = 26.0
DROPOUT_A = 0.45
DROPOUT_B = 3.2
SPEND_P = 3.0
SPEND_Q = 3.0
SPEND_V = 170.0  # pounds
ACQUISITION_EXPONENT, ACQUISITION_OFFSET = 0.75, 0.03

WHOLESALE_MEAN_ORDER_VALUE = 1_000.0  # pounds; customers above it are the wholesale tail
TWO_COUNTRY_SHARE = 0.004  # of customers
FIRST_CUSTOMER_ID = 12_346
FAVOURITE_FAMILIES = 3

# Share of customers by country, in units of 1/10,000; the first is the shop's own.
COUNTRIES = {
    "United Kingdom": 9_040, "Germany": 180, "France": 160, "Spain": 70, "Belgium": 50,
    "Portugal": 42, "Netherlands": 40, "Switzerland": 38, "Sweden": 34, "Italy": 32,
    "Finland": 28, "Australia": 27, "EIRE": 60, "Channel Islands": 26, "Norway": 24,
    "Austria": 24, "Denmark": 22, "Cyprus": 20, "Japan": 18, "USA": 16, "Poland": 12,
    "Greece": 10, "Israel": 8, "Canada": 7, "Unspecified": 12,
}  # fmt: skip

CUSTOMER_STREAM, PURCHASE_STREAM = 0, 1

# A step of the simulation is as long as this many lines take, and no longer than a week.
LINES_PER_STEP = 40_000
LINES_PER_CUSTOMER_MONTH = 4


@dataclass(frozen=True)
class Population:
    """What is fixed about each customer; arrays of one length, in order of customer id."""

    acquired: NDArray[np.float64]  # shop days since the start
    rate: NDArray[np.float64]  # orders per shop day
    dropout_probability: NDArray[np.float64]  # after each repeat order
    mean_order_value: NDArray[np.float64]  # pounds
    country: NDArray[np.int32]  # index into COUNTRIES
    second_country: NDArray[np.int32]  # the same country for nearly all
    families: NDArray[np.uint8]  # (customers, FAVOURITE_FAMILIES): product families they favour


def draw_population(settings: ShopSettings, clock: ShopClock) -> Population:
    """Draw every customer's traits by the process that this module documents."""
    rng = random_stream(settings, stream=CUSTOMER_STREAM, step=0)
    n = settings.customers
    weights = np.array(list(COUNTRIES.values()), dtype=float)
    by_share = np.cumsum(weights) / weights.sum()
    country = np.searchsorted(by_share, rng.random(n), side="right").astype(np.int32)
    moves = rng.random(n) < TWO_COUNTRY_SHARE
    elsewhere = np.searchsorted(by_share, rng.random(n), side="right").astype(np.int32)
    elsewhere = np.where(elsewhere == country, (country + 1) % len(COUNTRIES), elsewhere)
    return Population(
        acquired=clock.length * _acquisition_share(rng.random(n)),
        # A rate of 0 cannot be divided by; the smallest number means "never again" as well.
        rate=np.maximum(rng.gamma(PURCHASE_R, 1 / PURCHASE_ALPHA_DAYS, n), 1e-12),
        dropout_probability=rng.beta(DROPOUT_A, DROPOUT_B, n),
        mean_order_value=SPEND_P / rng.gamma(SPEND_Q, 1 / SPEND_V, n),
        country=country,
        second_country=np.where(moves, elsewhere, country).astype(np.int32),
        families=rng.integers(0, FAMILIES, (n, FAVOURITE_FAMILIES), dtype=np.uint8),
    )


def _acquisition_share(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the period passed at acquisition: the inverse of its distribution."""
    power = 1.0 - ACQUISITION_EXPONENT
    low, high = ACQUISITION_OFFSET**power, (1.0 + ACQUISITION_OFFSET) ** power
    share = (low + uniform * (high - low)) ** (1.0 / power) - ACQUISITION_OFFSET
    return np.clip(share, 0.0, np.nextafter(1.0, 0.0))


class PurchaseProcess:
    """The state of every customer's purchasing, moved forward step by step."""

    def __init__(self, settings: ShopSettings, population: Population) -> None:
        self._settings = settings
        self._population = population
        self._next = population.acquired.copy()
        self.order_count = np.zeros(settings.customers, dtype=np.int32)
        self.dropped_out = np.full(settings.customers, np.nan)  # shop days, NaN while active

    def orders_until(self, *, step: int, until: float) -> tuple[NDArray, NDArray]:
        """Return all orders of one step, in time order.

        Args:
            step: Number of the step; steps must be asked for in order, from 0.
            until: End of the step in shop days.

        Returns:
            Customer index (int64) and shop time (float64) of each order.
        """
        rng = random_stream(self._settings, stream=PURCHASE_STREAM, step=step)
        customers, times = [], []
        due = np.flatnonzero(self._next < until)
        while due.size:
            now = self._next[due]
            customers.append(due)
            times.append(now)
            is_repeat = self.order_count[due] > 0
            self.order_count[due] += 1
            leaves = is_repeat & (rng.random(due.size) < self._population.dropout_probability[due])
            self.dropped_out[due[leaves]] = now[leaves]
            gaps = rng.standard_exponential(due.size) / self._population.rate[due]
            self._next[due] = np.where(leaves, np.inf, now + gaps)
            due = due[self._next[due] < until]
        if not customers:
            return np.empty(0, dtype=np.int64), np.empty(0)
        order_customers, order_times = np.concatenate(customers), np.concatenate(times)
        by_time = np.argsort(order_times, kind="stable")
        return order_customers[by_time], order_times[by_time]


def step_ends(settings: ShopSettings, clock: ShopClock) -> NDArray[np.float64]:
    """Return the end of every step in shop days: equal steps, so about equally many lines each."""
    weeks = (settings.end - settings.start).days / 7
    lines = settings.customers * settings.months * LINES_PER_CUSTOMER_MONTH
    steps = int(np.ceil(max(weeks, lines / LINES_PER_STEP)))
    return np.linspace(0.0, clock.length, steps + 1)[1:]


def simulate_customers(settings: ShopSettings) -> pa.Table:
    """Return the truth about each customer of the shop that `simulate_batches` streams.

    Returns:
        One row per customer, in order of id:
        `customer_id` (text key as after cleaning), `country`, `acquired_at` (the first order),
        `purchase_rate_per_day` (per shop day while active), `dropout_probability` (after each
        repeat order), `dropout_at` (their last order, after which they left; null when still
        active at the end), `order_count` (orders of the process within the period, without
        mistaken ones), `is_one_time` (one such order), `mean_order_value` (pounds; the
        expectation, not the sample's mean), `is_wholesale` (that value is at least
        `WHOLESALE_MEAN_ORDER_VALUE`).
    """
    clock = ShopClock(start=settings.start, end=settings.end)
    population = draw_population(settings, clock)
    process = PurchaseProcess(settings, population)
    for step, until in enumerate(step_ends(settings, clock)):
        process.orders_until(step=step, until=until)
    has_left = ~np.isnan(process.dropped_out)
    dropped_out = clock.minutes(np.where(has_left, process.dropped_out, 0.0))
    ids = pa.array(FIRST_CUSTOMER_ID + np.arange(settings.customers))
    return pa.table(
        {
            "customer_id": ids.cast(pa.string()),
            "country": pa.array(list(COUNTRIES)).take(pa.array(population.country)),
            "acquired_at": timestamps(clock.minutes(population.acquired)),
            "purchase_rate_per_day": population.rate,
            "dropout_probability": population.dropout_probability,
            "dropout_at": timestamps(dropped_out, mask=~has_left),
            "order_count": process.order_count,
            "is_one_time": process.order_count == 1,
            "mean_order_value": population.mean_order_value,
            "is_wholesale": population.mean_order_value >= WHOLESALE_MEAN_ORDER_VALUE,
        }
    )


def timestamps(minutes: NDArray[np.int64], *, mask: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return minutes since 1970 as Arrow timestamps in microseconds, null where masked."""
    return pa.array(minutes * 60_000_000, mask=mask).cast(pa.timestamp("us"))
