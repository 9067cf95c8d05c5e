"""Customers who are unlike the others.

An isolation forest (Liu, Ting and Zhou 2008) cuts the customers at random, feature by feature, and counts the
cuts until one stands alone: who is alone after a few is unusual. The score is scikit-learn's, 0 to 1: .5 and
less is typical, the closer to 1 the fewer cuts. Features are logged first, so that ten times as much is as far
at any size; a feature that a customer has no value for is taken as typical.

A score is explained by what each feature adds to it: half by how far it falls when the feature alone is made
typical, half by how far a typical customer's rises when it alone is made the customer's (the first and the last
term of a Shapley value, Lundberg and Lee 2017). The first alone shows nothing where two features say the
same; the second alone nothing of what is unusual only in company.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.ensemble import IsolationForest

from regulars.engine import Spread, map_batches
from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.threads import single_threaded
from regulars.wordings import FORMATS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FIT_CUSTOMERS = 20_000  # that the trees draw from, in the order of a hash of the id
TREES, TREE_CUSTOMERS = 200, 256  # customers of a tree: the paper's number
LEAST_CUSTOMERS = 256  # below it trees would see everyone, and extremes would be everywhere
BATCH_CUSTOMERS = 20_000
TOP_FEATURES = 3
SCORE_DECIMALS = 4  # beyond them platforms may differ

SCHEMA = pa.schema(
    [("customer_id", pa.string()), ("anomaly_score", pa.float64()), ("is_unusual", pa.bool_())]
    + [(f"top_feature_{place}", pa.string()) for place in range(1, TOP_FEATURES + 1)]
    + [(f"reason_{place}", pa.string()) for place in range(1, TOP_FEATURES + 1)]
)


@dataclass(frozen=True)
class CustomerForest:
    """A fitted forest.

    Attributes:
        features: Names, in the order of the columns.
        typical: Median of each feature, in its own unit, shape (features,).
        forest: The trees; None where there are too few customers for any.
    """

    features: tuple[str, ...]
    typical: np.ndarray
    forest: IsolationForest | None

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Anomaly scores, 0 to 1.

        Args:
            values: In their own units, NaN where a customer has none, shape (n, features).

        Returns:
            Shape (n,), rounded; NaN without a forest.
        """
        if self.forest is None:
            return np.full(len(values), np.nan)
        filled = np.where(np.isnan(values), self.typical, values)
        return np.round(-self.forest.score_samples(_logged(filled)), SCORE_DECIMALS)

    def contributions(self, values: np.ndarray) -> np.ndarray:
        """What each feature adds to each score, shape (n, features).

        Args:
            values: As for `scores`.
        """
        filled = np.where(np.isnan(values), self.typical, values)
        count = len(self.features)
        own, typical = self.scores(filled), self.scores(self.typical[None])
        # all in one go: two hundred trees are slow to ask, whatever the number of rows
        is_changed = np.eye(count, dtype=bool)
        without = np.where(is_changed, self.typical, filled[:, None])
        alone = np.where(is_changed, filled[:, None], self.typical)
        changed = self.scores(np.stack([without, alone]).reshape(-1, count))
        fallen, risen = changed.reshape(2, len(filled), count)
        return (own[:, None] - fallen + risen - typical) / 2


def fit_forest(
    values: np.ndarray, *, features: tuple[str, ...], random_state: int
) -> CustomerForest:
    """Fit the forest.

    Args:
        values: Customers to learn from, in an order that does not change, shape (n, features); NaN where a
            customer has no value.
        features: Names of the columns.
        random_state: Seed of the trees.

    Returns:
        Without trees for fewer than LEAST_CUSTOMERS.
    """
    if random_state is None:
        raise InvalidSettingError("random_state is missing.")
    values = np.asarray(values, dtype=float)
    counts = (~np.isnan(values)).sum(axis=0)
    typical = np.array(
        [
            np.nanmedian(column) if count else 0.0
            for column, count in zip(values.T, counts, strict=True)
        ]
    )
    if len(values) < LEAST_CUSTOMERS:
        return CustomerForest(features, typical, None)
    forest = IsolationForest(
        n_estimators=TREES, max_samples=TREE_CUSTOMERS, random_state=random_state, n_jobs=1
    )
    with single_threaded():
        forest.fit(_logged(np.where(np.isnan(values), typical, values)))
    return CustomerForest(features, typical, forest)


def judge_customers(
    session: duckdb.DuckDBPyConnection | Spread,
    customers: duckdb.DuckDBPyRelation,
    *,
    wordings: pd.DataFrame,
    score_from: float,
    random_state: int,
) -> pa.RecordBatchReader | DataFrame:
    """Score all customers and explain the unusual ones, batch by batch.

    Args:
        session: Where the relation lives, as for `regulars.engine.map_batches`.
        customers: One row per customer: `customer_id` and the features.
        wordings: One row per feature: `feature`, `wording` (begins a sentence) and `format`.
        score_from: Score (0-1) from which a customer is unusual.
        random_state: Seed of the trees.

    Returns:
        SCHEMA, one row per customer, as `map_batches` gives it; features and reasons of unusual customers
        alone, the strongest first. No score where there are too few customers.

    Raises:
        InvalidSettingError: A setting is missing or has no meaning.
        UnusableInputError: A feature is no column, has no words or an unknown format.
    """
    if score_from is None or not 0 < score_from <= 1:
        raise InvalidSettingError(
            f"score_from is {score_from!r}; it must be above 0 and at most 1."
        )
    words = _read_wordings(wordings, customers.columns)
    features = tuple(words)
    columns = ", ".join(
        ["customer_id", *(f"cast({name} as double) as {name}" for name in features)]
    )
    sample = customers.order("md5(customer_id), customer_id").limit(FIT_CUSTOMERS)
    values = _values(sample.select(columns).to_arrow_table(), features)
    forest = fit_forest(values, features=features, random_state=random_state)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield _judge_batch(forest, batch, words, score_from)

    return map_batches(
        session, customers.select(columns), work, schema=SCHEMA, batch_rows=BATCH_CUSTOMERS
    )


def _judge_batch(
    forest: CustomerForest,
    batch: pa.RecordBatch,
    words: dict[str, tuple[str, str]],
    score_from: float,
) -> pa.RecordBatch:
    values = _values(batch, forest.features)
    with single_threaded():
        scores = forest.scores(values)
        is_unusual = scores >= score_from
        unusual = np.flatnonzero(is_unusual)
        added = forest.contributions(values[unusual]) if len(unusual) else np.empty((0, 0))
    top = np.full((TOP_FEATURES, len(values)), None, dtype=object)
    reasons = top.copy()
    for customer, parts in zip(unusual, added, strict=True):
        strongest = [place for place in np.argsort(-parts, kind="stable") if parts[place] > 0]
        for rank, place in enumerate(strongest[:TOP_FEATURES]):
            name = forest.features[place]
            top[rank, customer] = name
            reasons[rank, customer] = _reason(
                *words[name], values[customer, place], forest.typical[place]
            )
    return pa.record_batch(
        [
            batch.column("customer_id").cast(pa.string()),
            pa.array(scores, pa.float64(), from_pandas=True),
            pa.array(is_unusual, pa.bool_()),
            *(pa.array(list(names), pa.string()) for names in top),
            *(pa.array(list(texts), pa.string()) for texts in reasons),
        ],
        schema=SCHEMA,
    )


def _reason(wording: str, layout: str, value: float, typical: float) -> str:
    written, usual = (FORMATS[layout].format(number) for number in (value, typical))
    return f"{wording}: {written}; the typical customer has {usual}."


def _read_wordings(wordings: pd.DataFrame, columns: list[str]) -> dict[str, tuple[str, str]]:
    read = {row.feature: (row.wording, row.format) for row in wordings.itertuples(index=False)}
    missing = sorted(set(read) - set(columns))
    unusable = sorted(name for name, (_, layout) in read.items() if layout not in FORMATS)
    if missing or unusable or not read:
        raise UnusableInputError(
            f"Features that are no columns: {', '.join(missing) or 'none'}; without words or with an "
            f"unknown format: {', '.join(unusable) or 'none'}; features in all: {len(read)}."
        )
    return dict(sorted(read.items()))


def _values(table: pa.Table | pa.RecordBatch, features: tuple[str, ...]) -> np.ndarray:
    return np.column_stack(
        [table.column(name).to_numpy(zero_copy_only=False).astype(float) for name in features]
    )


def _logged(values: np.ndarray) -> np.ndarray:
    return np.sign(values) * np.log1p(np.abs(values))
