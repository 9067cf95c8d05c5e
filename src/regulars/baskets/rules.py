"""Association rules of up to three items by FP-growth (Han, Pei and Yin 2000), through mlxtend."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import scipy.sparse as sp
from mlxtend.frequent_patterns import association_rules, fpgrowth

from regulars.baskets.significance import association_p_values, false_discovery_rates
from regulars.errors import InvalidSettingError

RULE_COLUMNS = {
    "level": "object",
    "antecedents": "object",
    "consequents": "object",
    "item_count": "int64",
    "order_count": "int64",
    "support": "float64",
    "antecedent_support": "float64",
    "consequent_support": "float64",
    "confidence": "float64",
    "lift": "float64",
    "leverage": "float64",
    "conviction": "float64",
    "p_value": "float64",
    "q_value": "float64",
}

# As mlxtend calls them.
MEASURES = [
    "support",
    "antecedent support",
    "consequent support",
    "confidence",
    "lift",
    "leverage",
    "conviction",
]

# Between the items of one side of a rule.
SEPARATOR = " + "


@dataclass(frozen=True)
class RuleSettings:
    """Which rules are wanted.

    Attributes:
        min_support: Share of orders (0 to 1) that all items of a rule must be in.
        min_confidence: Share of the antecedents' orders (0 to 1) that must have the consequents.
        max_items: Most items of a rule, both sides together: 2 or 3.
    """

    min_support: float
    min_confidence: float
    max_items: int

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        for field in fields(self):
            if getattr(self, field.name) is None:
                raise InvalidSettingError(f"Basket rules: {field.name} has no value.")
        if not 0 < self.min_support <= 1:
            raise InvalidSettingError(
                f"Basket rules: min_support is {self.min_support}; it must be above 0 and at most 1."
            )
        if not 0 <= self.min_confidence <= 1:
            raise InvalidSettingError(
                f"Basket rules: min_confidence is {self.min_confidence}; it must be from 0 to 1."
            )
        if self.max_items not in (2, 3):
            raise InvalidSettingError(
                f"Basket rules: max_items is {self.max_items}; it must be 2 or 3."
            )


def find_itemsets(baskets: pd.DataFrame, *, settings: RuleSettings) -> pd.DataFrame:
    """Return itemsets with at least the wanted support.

    Args:
        baskets: One row per order and item: order_id, item.
        settings: min_support and max_items are used.

    Returns:
        As mlxtend gives them: support, itemsets (frozensets of items).
    """
    orders, order_ids = pd.factorize(baskets["order_id"])
    items, names = pd.factorize(baskets["item"], sort=True)
    shape = (len(order_ids), len(names))
    found = sp.csr_matrix((np.ones(len(items), dtype=np.int64), (orders, items)), shape=shape)
    found.data.fill(1)
    # a count: 0.07 * 100 is above 7, and what is in 7 of 100 orders would be lost
    least = max(1, math.ceil(round(settings.min_support * shape[0], 6)))
    # what is too rare alone, or beside every other item, is too rare in company: FP-growth need not see it
    counts = found.sum(axis=0).A1
    common = np.flatnonzero(counts >= least)
    together = found[:, common].T @ found[:, common]
    together.setdiag(0)
    is_paired = (together >= least).sum(axis=1).A1 > 0
    alone, paired = common[~is_paired], common[is_paired]
    singles = pd.DataFrame(
        {
            "support": counts[alone] / shape[0],
            "itemsets": pd.Series([frozenset([name]) for name in names[alone]], dtype=object),
        }
    )
    if not len(paired):
        return singles
    sets = fpgrowth(
        pd.DataFrame.sparse.from_spmatrix(
            found[:, paired].astype(bool), columns=list(names[paired])
        ),
        min_support=(least - 0.5) / shape[0],
        max_len=settings.max_items,
        use_colnames=True,
    )
    return pd.concat([singles, sets], ignore_index=True)


def find_rules(baskets: pd.DataFrame, *, level: str, settings: RuleSettings) -> pd.DataFrame:
    """Return the rules among the items of orders, tested against chance.

    False discoveries are controlled over all rules of which each side has enough support. Those whose
    sides are too seldom together count as tested: of the others, chance alone would make many significant.

    Args:
        baskets: One row per order and item: order_id, item. Orders of one item count as orders.
        level: What the items are.
        settings: Which rules are wanted.

    Returns:
        Columns RULE_COLUMNS; the items of a side sorted and joined by SEPARATOR. Supports are shares of
        `order_count` orders; conviction is NULL where the confidence is 1. No rows if nothing is bought
        together often enough.
    """
    itemsets = find_itemsets(baskets, settings=settings)
    sizes = itemsets["itemsets"].map(len)
    items, pairs = int((sizes == 1).sum()), int((sizes == 2).sum())
    if not pairs:
        return pd.DataFrame(columns=list(RULE_COLUMNS)).astype(RULE_COLUMNS)
    order_count = baskets["order_id"].nunique()
    rules = association_rules(
        itemsets, metric="confidence", min_threshold=0, return_metrics=MEASURES
    )
    rules.columns = [name.replace(" ", "_") for name in rules.columns]
    rules["p_value"] = association_p_values(
        *(
            np.rint(rules[name].to_numpy() * order_count)
            for name in ("support", "antecedent_support", "consequent_support")
        ),
        order_count,
    )
    tested = items * (items - 1)
    if settings.max_items == 3:
        tested += 2 * pairs * (items - 2)
    rules["q_value"] = false_discovery_rates(rules["p_value"].to_numpy(), tested)
    rules["item_count"] = [
        len(a | c) for a, c in zip(rules["antecedents"], rules["consequents"], strict=True)
    ]
    for side in ("antecedents", "consequents"):
        rules[side] = [SEPARATOR.join(sorted(items)) for items in rules[side]]
    rules["conviction"] = rules["conviction"].replace(np.inf, np.nan)
    rules["level"], rules["order_count"] = level, order_count
    kept = rules[rules["confidence"] >= settings.min_confidence]
    return (
        kept[list(RULE_COLUMNS)]
        .astype(RULE_COLUMNS)
        .sort_values(["antecedents", "consequents"], ignore_index=True)
    )
