"""What every model reads: purchase processes, rhythm and percentiles of one snapshot.

A backbone is fitted on the customers of one date alone. It describes any customer of that date, one or a
million, and is kept as plain numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from regulars.btyd import BGNBD, GammaGamma
from regulars.percentiles import PercentileTables, fill_missing
from regulars.predictions.frame import MART_FEATURES, SUMMARY_FEATURES
from regulars.renewal import RENEWAL_FEATURES, RenewalPool, fit_renewal_pool, renewal_features

# Ridge of the purchase processes: enough to hold where data are few, too little to move an estimate.
PROCESS_RIDGE = 1e-3

# Days that the processes look ahead, in order.
PROCESS_HORIZONS = (30, 60, 90, 180, 365)

# Features that the purchase processes add.
PROCESS_FEATURES = (
    "process_no_order_probability",
    "process_expected_orders",
    "process_order_value",
    "process_value",
    "process_alive_probability",
)
FEATURES = (*MART_FEATURES, *SUMMARY_FEATURES, *RENEWAL_FEATURES, *PROCESS_FEATURES)

# Probabilities are kept this far from 0 and 1, so that logits stay finite.
EDGE = 1e-6

# Money: an order's value where no customer has spent anything.
SMALLEST_SPEND = 0.01

# The shop's seasons are read from orders smoothed over this many days.
SMOOTHING_DAYS = 28


def safe_logit(probability: np.ndarray) -> np.ndarray:
    """The logit of a probability, finite at 0 and 1."""
    return logit(np.clip(probability, EDGE, 1 - EDGE))


@dataclass(frozen=True)
class SeasonalClock:
    """Time that runs as fast as the shop sells.

    Attributes:
        elapsed: Shop time from k days before the date to the date, k = 0, 1, ...; the last stands for all
            earlier days.
        ahead: Shop time of the days after the date, cumulated, k = 0, 1, ...: that of last year's.
    """

    elapsed: np.ndarray
    ahead: np.ndarray

    def since(self, days: np.ndarray) -> np.ndarray:
        """Shop time from some days ago to the date."""
        return self.elapsed[np.clip(days.astype(int), 0, len(self.elapsed) - 1)]

    def parameters(self) -> dict[str, list[float]]:
        """The clock as plain numbers, ready for JSON."""
        return {"elapsed": self.elapsed.tolist(), "ahead": self.ahead.tolist()}

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> SeasonalClock:
        """The clock that `parameters` wrote."""
        return cls(np.asarray(parameters["elapsed"]), np.asarray(parameters["ahead"]))


def seasonal_clock(
    shop_days: pd.DataFrame, *, date: pd.Timestamp, season_days: int
) -> SeasonalClock | None:
    """The clock on a date, from the orders of all days before it; None with too little history.

    Args:
        shop_days: Columns sold_date and order_count.
        date: First day that is not counted.
        season_days: Days of history that are needed.
    """
    past = shop_days[shop_days["sold_date"] < date]
    if past.empty or (date - past["sold_date"].min()).days < season_days:
        return None
    days = pd.date_range(past["sold_date"].min(), date - pd.Timedelta(days=1))
    orders = past.set_index("sold_date")["order_count"].reindex(days, fill_value=0.0)
    smooth = orders.rolling(SMOOTHING_DAYS, center=True, min_periods=SMOOTHING_DAYS // 2).mean()
    speed = smooth.bfill().ffill().to_numpy()
    year = speed[-365:]
    speed = np.round(np.maximum(speed / max(year.mean(), EDGE), 0.01), 6)
    elapsed = np.concatenate([[0.0], np.cumsum(speed[::-1])])
    ahead = np.concatenate([[0.0], np.cumsum(speed[-365:])])
    return SeasonalClock(elapsed, ahead)


@dataclass(frozen=True)
class PurchaseHistory:
    """All that the purchase processes know of customers; every array has one row per customer.

    Attributes:
        purchase_days: Days with a purchase, at least 1.
        recency_days: Days since the last of them.
        observed_days: Days since the first.
        mean_spend: Mean value of a purchase day (money).
    """

    purchase_days: np.ndarray
    recency_days: np.ndarray
    observed_days: np.ndarray
    mean_spend: np.ndarray

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> PurchaseHistory:
        """The histories of a snapshot's customers."""
        days = frame["repeat_purchase_days"].to_numpy() + 1
        observed = frame["observed_days"].to_numpy()
        recency = observed - frame["last_purchase_age_days"].to_numpy()
        return cls(days, recency, observed, frame["order_revenue"].to_numpy() / days)

    @property
    def purchases(self) -> dict[str, np.ndarray]:
        """The histories in BG/NBD's words.

        Any four numbers make a history: the last purchase is never before the first, and a single one is
        both.
        """
        repeats = self.purchase_days - 1
        until_last = np.maximum(self.observed_days - self.recency_days, 0)
        return {
            "x": repeats,
            "t_x": np.where(repeats > 0, until_last, 0.0),
            "T": self.observed_days,
        }


@dataclass(frozen=True)
class Described:
    """Customers of one date as models see them; every array has one row per customer.

    Attributes:
        customer_ids: Keys.
        values: Raw features in the order of FEATURES.
        places: Percentiles of the features, NaN where missing.
        no_order: Probability of no order, by horizon in days.
        expected_orders: Expected orders, by horizon.
        seasonal_no_order: The same by the seasonal clock; equal where there is none.
        seasonal_orders: The same by the seasonal clock.
        order_value: Expected value of an order (money).
        alive: Probability that the customer still buys.
        order_count: Orders so far.
        history: What the purchase processes know.
    """

    customer_ids: np.ndarray
    values: np.ndarray
    places: np.ndarray
    no_order: dict[int, np.ndarray]
    expected_orders: dict[int, np.ndarray]
    seasonal_no_order: dict[int, np.ndarray]
    seasonal_orders: dict[int, np.ndarray]
    order_value: np.ndarray
    alive: np.ndarray
    order_count: np.ndarray
    history: PurchaseHistory

    @property
    def recency_days(self) -> np.ndarray:
        """Days since the last purchase."""
        return self.history.recency_days

    @property
    def centred(self) -> np.ndarray:
        """Places around 0, missing in the middle, and their squares, for linear models."""
        return centred(self.places)


def centred(places: np.ndarray) -> np.ndarray:
    """Places around 0, missing in the middle, and their squares, shape (n, 2 features)."""
    places = fill_missing(places) - 0.5
    return np.hstack([places, 2 * places**2 - 1 / 6])


@dataclass(frozen=True)
class Backbone:
    """Purchase processes, rhythm and percentiles of one snapshot.

    Attributes:
        process: BG/NBD on purchase days, fitted on all customers.
        seasonal_process: The same on the seasonal clock; None without one.
        spending: Gamma-Gamma on the repeat buyers' purchase days, the first included.
        clock: The seasonal clock; None with too little history.
        pool: Pooled log gaps.
        tables: Quantile tables of the features.
    """

    process: BGNBD
    seasonal_process: BGNBD | None
    spending: GammaGamma
    clock: SeasonalClock | None
    pool: RenewalPool
    tables: PercentileTables

    def describe(self, frame: pd.DataFrame) -> Described:
        """Describe customers of the backbone's date.

        Args:
            frame: Rows with the columns SCORING_COLUMNS of `regulars.predictions.frame`.
        """
        history = PurchaseHistory.from_frame(frame)
        values, processes = _raw_features(self, frame, history)
        return Described(
            customer_ids=frame["customer_id"].to_numpy(),
            values=values.to_numpy(),
            places=self.tables.transform(values),
            order_count=frame["frequency"].to_numpy(),
            history=history,
            **processes,
        )

    def no_order(self, history: PurchaseHistory, horizon_days: int) -> np.ndarray:
        """Probability of no order, shape (n,)."""
        return self.process.probability_of_no_purchase(horizon_days, **history.purchases)

    def expected_orders(self, history: PurchaseHistory, horizon_days: int) -> np.ndarray:
        """Expected orders, shape (n,)."""
        return self.process.expected_purchases(horizon_days, **history.purchases)

    def seasonal_no_order(self, history: PurchaseHistory, horizon_days: int) -> np.ndarray:
        """Probability of no order by the seasonal clock, by the plain one without it, shape (n,)."""
        if not (self.seasonal_process and self.clock):
            return self.no_order(history, horizon_days)
        return self.seasonal_process.probability_of_no_purchase(
            self.clock.ahead[horizon_days], **_warped(history, self.clock)
        )

    def seasonal_orders(self, history: PurchaseHistory, horizon_days: int) -> np.ndarray:
        """Expected orders by the seasonal clock, by the plain one without it, shape (n,)."""
        if not (self.seasonal_process and self.clock):
            return self.expected_orders(history, horizon_days)
        return self.seasonal_process.expected_purchases(
            self.clock.ahead[horizon_days], **_warped(history, self.clock)
        )

    def order_value(self, history: PurchaseHistory) -> np.ndarray:
        """Expected value of an order (money), shape (n,)."""
        return self.spending.expected_mean_spend(
            x=history.purchase_days, mean_spend=history.mean_spend
        )

    def parameters(self) -> dict[str, Any]:
        """The backbone as plain numbers, ready for JSON."""
        return {
            "process": self.process.parameters(),
            "seasonal_process": self.seasonal_process and self.seasonal_process.parameters(),
            "spending": self.spending.parameters(),
            "clock": self.clock and self.clock.parameters(),
            "pool": self.pool.parameters(),
            "tables": self.tables.to_parameters(),
        }

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> Backbone:
        """The backbone that `parameters` wrote."""
        seasonal, clock = parameters["seasonal_process"], parameters["clock"]
        return cls(
            BGNBD.from_parameters(**parameters["process"]),
            BGNBD.from_parameters(**seasonal) if seasonal else None,
            GammaGamma.from_parameters(**parameters["spending"]),
            SeasonalClock.from_parameters(clock) if clock else None,
            RenewalPool.from_parameters(parameters["pool"]),
            # the models know features by their position
            PercentileTables.from_parameters(
                {name: parameters["tables"][name] for name in FEATURES}
            ),
        )


def fit_backbone(frame: pd.DataFrame, *, shop_days: pd.DataFrame, season_days: int) -> Backbone:
    """Fit a backbone on the customers of one date.

    Args:
        frame: The snapshot of one as_of_date.
        shop_days: Columns sold_date and order_count; later days are not looked at.
        season_days: Days of history that the seasonal clock needs.
    """
    history = PurchaseHistory.from_frame(frame)
    clock = seasonal_clock(shop_days, date=frame["as_of_date"].iloc[0], season_days=season_days)
    seasonal = BGNBD(ridge=PROCESS_RIDGE).fit(**_warped(history, clock)) if clock else None
    backbone = Backbone(
        BGNBD(ridge=PROCESS_RIDGE).fit(**history.purchases),
        seasonal,
        _fit_spending(history.purchase_days, history.mean_spend),
        clock,
        fit_renewal_pool(**_gaps(frame)),
        PercentileTables({}),
    )
    values, _ = _raw_features(backbone, frame, history)
    tables = PercentileTables.fit(values, features=FEATURES)
    return Backbone(backbone.process, seasonal, backbone.spending, clock, backbone.pool, tables)


def _fit_spending(days: np.ndarray, mean_spend: np.ndarray) -> GammaGamma:
    """Gamma-Gamma on repeat buyers; on all where there are none; flat where nobody spent."""
    repeats = np.where(days > 1, days, 0.0)
    if not ((repeats > 0) & (mean_spend > 0)).any():
        repeats = days
    if not (mean_spend > 0).any():
        return GammaGamma.from_parameters(p=1.0, q=2.0, gamma=SMALLEST_SPEND)
    return GammaGamma(ridge=PROCESS_RIDGE).fit(x=repeats, mean_spend=mean_spend)


def _warped(history: PurchaseHistory, clock: SeasonalClock) -> dict[str, np.ndarray]:
    plain = history.purchases
    whole = clock.since(plain["T"])
    until_last = whole - clock.since(plain["T"] - plain["t_x"])
    # tenths of a day, so that equal histories can be grouped
    whole = np.maximum(np.round(whole, 1), 0.1)
    until_last = np.where(plain["x"] > 0, np.round(until_last, 1), 0.0)
    return {"x": plain["x"], "t_x": np.clip(until_last, 0, whole), "T": whole}


def _gaps(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        "gap_count": frame["repeat_purchase_days"].to_numpy(),
        "log_gap_sum": frame["log_gap_sum_millionths"].to_numpy() / 1e6,
        "log_gap_square_sum": frame["log_gap_square_sum_millionths"].to_numpy() / 1e6,
    }


def _processes(backbone: Backbone, history: PurchaseHistory) -> dict[str, Any]:
    return {
        "no_order": {h: backbone.no_order(history, h) for h in PROCESS_HORIZONS},
        "expected_orders": {h: backbone.expected_orders(history, h) for h in PROCESS_HORIZONS},
        "seasonal_no_order": {h: backbone.seasonal_no_order(history, h) for h in PROCESS_HORIZONS},
        "seasonal_orders": {h: backbone.seasonal_orders(history, h) for h in PROCESS_HORIZONS},
        "order_value": backbone.order_value(history),
        "alive": backbone.process.probability_alive(**history.purchases),
    }


def _raw_features(
    backbone: Backbone, frame: pd.DataFrame, history: PurchaseHistory
) -> tuple[pd.DataFrame, dict[str, Any]]:
    processes = _processes(backbone, history)
    rhythm = renewal_features(backbone.pool, recency_days=history.recency_days, **_gaps(frame))
    values = {name: frame[name].to_numpy() for name in (*MART_FEATURES, *SUMMARY_FEATURES)}
    values |= {name: rhythm[:, number] for number, name in enumerate(RENEWAL_FEATURES)}
    values |= dict(
        zip(
            PROCESS_FEATURES,
            (
                processes["no_order"][90],
                processes["expected_orders"][90],
                processes["order_value"],
                processes["expected_orders"][90] * processes["order_value"],
                processes["alive"],
            ),
            strict=True,
        )
    )
    return pd.DataFrame(values), processes
