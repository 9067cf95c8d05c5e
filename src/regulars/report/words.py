"""Numbers, dates and names in words, for sentences and labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from regulars.charts.theme import currency_symbol

NOTHING, MINUS, TO = "\u2013", "\u2212", "\u2013"

Number = int | float | Decimal

# Columns whose name says it otherwise than by an underscore for a blank.
_LABELS = {
    "aov": "Average order value",
    "r_score": "R score",
    "f_score": "F score",
    "m_score": "M score",
    "clv_90d": "Expected value, 90 days",
    "clv_90d_low": "Value from",
    "clv_90d_high": "Value to",
    "churn_probability_90d": "Chance of no order, 90 days",
    "value_at_risk_90d": "Revenue at risk, 90 days",
    "churn_risk_band": "Risk",
    "contact_gain": "Gain of a contact",
    "monetary": "Revenue so far",
    "frequency": "Orders",
    "recency_days": "Days since last order",
    "q_value": "False discovery rate",
    "p_value": "p-value",
    "note": "Not shown",
    "is_worth_contact": "Worth a contact",
    "roc_auc": "ROC-AUC",
    "bg_nbd_figure": "BG/NBD",
    "contact_count": "Customers worth a contact",
    "contact_rank": "Rank",
    "group_name": "Group",
    "best_send_hour": "Best hour",
    "best_send_weekday": "Best weekday",
    "minimum_detectable_order_rate": "Smallest uplift it can show",
    "base_order_rate": "Order rate without it",
    "customer_id": "Customer",
    "expected_gain": "Gain of contacting them",
    "expected_revenue_90d": "Expected value, 90 days",
    "median_frequency": "Median orders",
    "median_monetary": "Median revenue so far",
    "median_recency_days": "Median days since last order",
    "next_purchase_window": "Next order",
    "previous_customer_count": "Customers at the last month end",
    "previous_date": "Last month end",
    "risk_reason": "What raises the risk",
    "value_reason": "What raises the value",
}
_ABBREVIATIONS = {
    "90d": "90 days",
    "180d": "180 days",
    "365d": "365 days",
    "avg": "mean",
    "pct": "%",
}


def label(column: str) -> str:
    """A column's name as a heading."""
    if column in _LABELS:
        return _LABELS[column]
    words = [_ABBREVIATIONS.get(word, word) for word in column.removeprefix("is_").split("_")]
    if len(words) > 1 and words[-1] == "count":
        words = words[:-1]
        if not words[-1].endswith("ed"):
            words[-1] = _plural(words[-1])
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


@dataclass(frozen=True)
class Words:
    """How the shop's numbers are written.

    Attributes:
        currency: ISO 4217 code.
    """

    currency: str

    def money(self, amount: Number | None) -> str:
        """An amount, short where it is large: £12.34, £5,210, £1.24M."""
        if amount is None:
            return NOTHING
        size = abs(float(amount))
        sign = MINUS if amount < 0 else ""
        symbol = currency_symbol(self.currency)
        for bound, divisor, suffix in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e5, 1e3, "k")):
            if size >= bound:
                return f"{sign}{symbol}{size / divisor:,.{2 if divisor > 1e3 else 0}f}{suffix}"
        return f"{sign}{symbol}{size:,.{0 if size >= 1000 else 2}f}"

    def exact_money(self, amount: Number | None) -> str:
        """An amount to the penny."""
        if amount is None:
            return NOTHING
        sign = MINUS if amount < 0 else ""
        return f"{sign}{currency_symbol(self.currency)}{abs(amount):,.2f}"

    def figure(self, figure: Number | None, unit: str) -> str:
        """A figure in its unit: money, count, share, ratio, days or score."""
        if figure is None:
            return NOTHING
        if unit == "money":
            return self.money(figure)
        if unit == "share":
            return percent(figure)
        if unit == "ratio":
            return f"{float(figure):,.2f}"
        if unit == "score":
            return f"{float(figure):,.0f}"
        if unit == "days":
            return f"{float(figure):,.0f} days"
        return count(figure)


def count(number: Number | None) -> str:
    """A whole number."""
    return NOTHING if number is None else f"{float(number):,.0f}"


def percent(share: Number | None, places: int = 1) -> str:
    """A share of 0 to 1 as percent; whole where it is large."""
    if share is None:
        return NOTHING
    text = f"{100 * float(share):,.{places}f}"
    return f"{text.replace('-', MINUS)}%"


def change(share: Number | None) -> str:
    """A relative change with its sign."""
    if share is None:
        return NOTHING
    text = f"{100 * float(share):+,.1f}%"
    return text.replace("-", MINUS)


def day(moment: date | None) -> str:
    """A date as 9 Dec 2011."""
    return NOTHING if moment is None else f"{moment.day} {moment:%b %Y}"


def month(moment: date | None) -> str:
    """A month as Dec 2011."""
    return NOTHING if moment is None else f"{moment:%b %Y}"


def listed(names: list[str]) -> str:
    """Names in a sentence: a, b and c."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
