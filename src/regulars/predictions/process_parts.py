"""The purchase processes' forecasts, split among what they are functions of.

BG/NBD and Gamma-Gamma know four numbers of a customer: days with a purchase, days since the last, days
since the first, and mean spend. The difference of a forecast to that of one reference customer is split
among them by exact Shapley values. The reference has the median of each number, so it is what people call
a typical customer; a mean of forecasts would belong to nobody. Mixtures of a customer's numbers and the
reference's need not be possible histories: `PurchaseHistory.purchases` says how they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from regulars.predictions.recipes import Backbone, PurchaseHistory, safe_logit
from regulars.predictions.value import floored_value
from regulars.predictions.window import FAR_DAYS, NEAR_DAYS, window_chances
from regulars.shapley import shapley_parts

# The feature that each number is told as. Orders of one day count once, and their values together.
ARGUMENT_FEATURES = {
    "purchase_days": "frequency",
    "recency_days": "recency_days",
    "observed_days": "tenure_days",
    "mean_spend": "aov",
}


def reference_customer(history: PurchaseHistory) -> dict[str, float]:
    """The median of each number of a snapshot's customers; of an even count the lower one.

    Args:
        history: At least one customer.
    """
    return {
        name: float(np.quantile(getattr(history, name), 0.5, method="lower"))
        for name in ARGUMENT_FEATURES
    }


@dataclass(frozen=True)
class Split:
    """A forecast, split.

    Attributes:
        parts: Shape (n, 4), in the order of ARGUMENT_FEATURES.
        base: The reference's forecast; with the parts it sums to the customer's.
    """

    parts: np.ndarray
    base: float


class ProcessParts:
    """Splits of what the processes forecast over 90 days for a batch of customers."""

    def __init__(
        self, backbone: Backbone, history: PurchaseHistory, reference: Mapping[str, float]
    ) -> None:
        """Mix the customers with the reference.

        Args:
            backbone: The processes.
            history: The customers.
            reference: As `reference_customer` gives it.
        """
        self._backbone = backbone
        self._mixtures = [_mixed(history, reference, mixture) for mixture in range(16)]

    @cached_property
    def churn_logit(self) -> Split:
        """Of the logit of BG/NBD's chance of no order."""
        return _split([safe_logit(chance) for chance in self._far])

    @cached_property
    def near_to_far(self) -> Split:
        """Of the log odds of an order within 30 days against one on days 31 to 90."""
        return _split([logs[:, 0] - logs[:, 1] for logs in self._log_windows])

    @cached_property
    def near_to_none(self) -> Split:
        """Of the log odds of an order within 30 days against none in 90."""
        return _split([logs[:, 0] - logs[:, 2] for logs in self._log_windows])

    @cached_property
    def log_value(self) -> Split:
        """Of the logarithm of expected orders times expected order value."""
        return self._of_orders(self._backbone.expected_orders)

    @cached_property
    def log_seasonal_value(self) -> Split:
        """Of the same by the seasonal clock."""
        return self._of_orders(self._backbone.seasonal_orders)

    @cached_property
    def log_order_value(self) -> Split:
        """Of the logarithm of the expected order value."""
        return _split([np.log(self._order_values[number & 9]) for number in range(16)])

    def behind(self, feature: str) -> np.ndarray:
        """Parts of what a feature of the processes rests on, shape (n, 4)."""
        if feature == "process_value":
            return self.log_value.parts
        if feature == "process_order_value":
            return self.log_order_value.parts
        return self.churn_logit.parts

    @cached_property
    def _far(self) -> list[np.ndarray]:
        return [self._backbone.no_order(mixture, FAR_DAYS) for mixture in self._mixtures[:8]]

    @cached_property
    def _log_windows(self) -> list[np.ndarray]:
        near = [self._backbone.no_order(mixture, NEAR_DAYS) for mixture in self._mixtures[:8]]
        return [np.log(window_chances(*both)) for both in zip(near, self._far, strict=True)]

    @cached_property
    def _order_values(self) -> dict[int, np.ndarray]:
        # a function of the first and the last number
        return {
            number: self._backbone.order_value(self._mixtures[number]) for number in (0, 1, 8, 9)
        }

    def _of_orders(self, forecast: Callable[[PurchaseHistory, int], np.ndarray]) -> Split:
        # a function of the first three numbers
        orders = [forecast(mixture, FAR_DAYS) for mixture in self._mixtures[:8]]
        return _split(
            [
                np.log(floored_value(orders[number & 7], self._order_values[number & 9]))
                for number in range(16)
            ]
        )


def _mixed(
    history: PurchaseHistory, reference: Mapping[str, float], mixture: int
) -> PurchaseHistory:
    """The customers' own numbers where a bit of the mixture is set, else the reference's."""
    return PurchaseHistory(
        *(
            own if mixture >> bit & 1 else np.full(len(own), reference[name])
            for bit, (name, own) in enumerate(vars(history).items())
        )
    )


def _split(worths: Sequence[np.ndarray]) -> Split:
    """Of eight mixtures, the mean spend left out, or of sixteen."""
    parts = shapley_parts(worths)
    missing = len(ARGUMENT_FEATURES) - parts.shape[1]
    base = float(worths[0][0]) if len(parts) else 0.0
    return Split(np.pad(parts, ((0, 0), (0, missing))), base)
