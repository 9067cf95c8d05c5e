"""What a customer is likely to buy again, and what of the rest suits what they have bought.

New products are ranked by item-to-item affinity (Sarwar et al. 2001): how often two products were in one
order, lately above all and in small orders above all, set against how common both are; summed over what
the customer has bought, lately above all. Products to buy again are those due by the customer's own
rhythm, or else by that of the product, and among these the most often bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp

from regulars.engine import Spread, map_batches
from regulars.errors import InvalidSettingError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Half-lives in days, chosen on UCI's data at 2011-03-14 (docs/decisions.md): tastes for new things change
# with the season; which products go together does not.
NEW_HALF_LIFE = 30.0
BASKET_HALF_LIFE = 240.0
PROFILE_HALF_LIFE = 90.0
HABIT_HALF_LIFE = 180.0
# Added to how common a product is, so that one chance order makes no affinity.
SHRINKAGE = 1.0
# Neighbours kept of each product.
NEIGHBOURS = 200
# Gaps between purchases that a product's, and a customer's, own rhythm is taken from.
PRODUCT_GAPS_FROM = 5
CUSTOMER_DAYS_FROM = 3

PURCHASE_COLUMNS = ("order_id", "customer_id", "stock_code", "order_date", "is_set_apart")
BUY_AGAIN, NEW_FOR_YOU = "buy_again", "new_for_you"
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("list", pa.string()),
        ("rank", pa.int64()),
        ("stock_code", pa.string()),
        ("score", pa.float64()),
        ("is_due", pa.bool_()),
        ("bought_on_days", pa.int64()),
        ("days_since_bought", pa.int64()),
        ("usual_gap_days", pa.float64()),
        ("because_stock_code", pa.string()),
        ("orders_together", pa.int64()),
    ]
)
# Purchases in a batch, and cells of a batch's dense scores.
BATCH_ROWS = 500_000
BATCH_CELLS = 4_000_000


@dataclass(frozen=True)
class RecommendationSettings:
    """How many products, and which are still sold.

    Attributes:
        count: Products on a list.
        recent_days: A product that was not sold in so many last days counts as discontinued.
    """

    count: int
    recent_days: int

    def __post_init__(self) -> None:
        """Refuse numbers without a value or below 1."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or value < 1:
                raise InvalidSettingError(
                    f"Recommendations: {field.name} is {value}; it must be at least 1."
                )


@dataclass(frozen=True)
class Catalogue:
    """What is known of the products at a date.

    Attributes:
        date: The first day not counted.
        products: Stock codes, sorted, shape (n,).
        is_sold: Whether they were sold lately, shape (n,).
        popularity: Orders of the last `recent_days`, shape (n,).
        usual_gaps: Days between two purchases by the same customer, shape (n,); NaN if nobody came back.
    """

    date: pd.Timestamp
    products: pd.Index
    is_sold: np.ndarray
    popularity: np.ndarray
    usual_gaps: np.ndarray


def read_catalogue(
    purchases: pd.DataFrame, *, date: pd.Timestamp, settings: RecommendationSettings
) -> Catalogue:
    """Describe the products at a date.

    Args:
        purchases: Columns PURCHASE_COLUMNS, one row per order and product, all before `date`.
        date: The first day not counted.
        settings: `recent_days` says what is still sold.

    Returns:
        The products that anybody bought.
    """
    codes, products = pd.factorize(purchases["stock_code"], sort=True)
    age = _age(purchases, date)
    popularity = np.bincount(codes[age <= settings.recent_days], minlength=len(products))
    days = purchases[["customer_id", "order_date"]].assign(code=codes).drop_duplicates()
    days = days.sort_values(["customer_id", "code", "order_date"])
    gaps = days.groupby(["customer_id", "code"])["order_date"].diff().dt.days
    by_product = gaps.groupby(days["code"]).agg(["median", "count"]).reindex(range(len(products)))
    usual = by_product["median"].where(by_product["count"] >= PRODUCT_GAPS_FROM, gaps.median())
    return Catalogue(
        date=date,
        products=pd.Index(products),
        is_sold=popularity > 0,
        popularity=popularity,
        usual_gaps=usual.to_numpy(dtype=float),
    )


def learn_affinities(
    purchases: pd.DataFrame, catalogue: Catalogue, *, half_life: float
) -> sp.csr_matrix:
    """Weigh what is bought together.

    Args:
        purchases: As for `read_catalogue`; orders set apart are left out.
        catalogue: Of the same purchases.
        half_life: Days after which an order counts half.

    Returns:
        From each product (row) to its NEIGHBOURS best (columns), shape (n, n).
    """
    counted, orders, codes, shape = _baskets(purchases, catalogue)
    sizes = np.bincount(orders)[orders] if len(orders) else np.zeros(0)
    weights = 0.5 ** (_age(counted, catalogue.date) / half_life) / np.maximum(sizes - 1, 1)
    weighted = sp.csr_matrix((np.sqrt(weights), (orders, codes)), shape=shape)
    pairs = sp.csr_matrix(weighted.T @ weighted)
    scale = sp.diags_array(1 / np.sqrt(pairs.diagonal() + SHRINKAGE))
    pairs.setdiag(0)
    return _best(sp.csr_matrix(scale @ pairs @ scale))


def orders_together(
    purchases: pd.DataFrame, catalogue: Catalogue, affinities: sp.csr_matrix
) -> sp.csr_matrix:
    """Count the orders that hold both of two products, where one recommends the other.

    Args:
        purchases: As for `read_catalogue`; orders set apart are left out.
        catalogue: Of the same purchases.
        affinities: As `learn_affinities` gives them.

    Returns:
        Shape (n, n).
    """
    _, orders, codes, shape = _baskets(purchases, catalogue)
    plain = sp.csr_matrix((np.ones(len(codes)), (orders, codes)), shape=shape)
    # of the others there are many times more, among which each look-up would have to find its way
    return sp.csr_matrix((plain.T @ plain).multiply(affinities > 0))


def profile(
    purchases: pd.DataFrame, customers: pd.Index, catalogue: Catalogue, *, half_life: float
) -> sp.csr_matrix:
    """Sum each customer's purchases of each product, the lately bought above all.

    Args:
        purchases: Rows of these customers before the catalogue's date.
        customers: Customer ids, shape (m,).
        catalogue: The products.
        half_life: Days after which a purchase counts half.

    Returns:
        Shape (m, n), above 0 where the customer bought the product.
    """
    rows = customers.get_indexer(purchases["customer_id"])
    columns = catalogue.products.get_indexer(purchases["stock_code"])
    known = columns >= 0
    weights = 0.5 ** (_age(purchases, catalogue.date) / half_life)
    shape = (len(customers), len(catalogue.products))
    return sp.csr_matrix((weights[known], (rows[known], columns[known])), shape=shape)


def top(scores: np.ndarray, count: int) -> np.ndarray:
    """Columns of the `count` highest scores above 0 of each row, best first; -1 where there are fewer.

    Equal scores rank by column.
    """
    best = np.full((len(scores), min(count, scores.shape[1])), -1)
    least = np.zeros((len(scores), 1))
    if scores.shape[1] > count:
        least = np.partition(scores, -count, axis=1)[:, -count, np.newaxis]
    rows, columns = np.nonzero(
        (scores >= least) & (scores > 0)
    )  # more than `count` where scores tie
    order = np.lexsort((columns, -scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    is_kept = places < count
    best[rows[is_kept], places[is_kept]] = columns[is_kept]
    return best


def new_products(
    bought: sp.csr_matrix, profiles: sp.csr_matrix, catalogue: Catalogue, affinities: sp.csr_matrix
) -> np.ndarray:
    """Score the products that customers have not bought and that are still sold.

    Args:
        bought: Above 0 where a customer bought a product, shape (m, n).
        profiles: As `profile` gives them, shape (m, n).
        catalogue: The products.
        affinities: How well they go together.

    Returns:
        Shape (m, n); 0 where a product does not come into question.
    """
    scores = (profiles @ affinities).toarray()
    scores[:, ~catalogue.is_sold] = 0
    scores[bought.nonzero()] = 0
    return scores


def habits(purchases: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Describe what customers have bought of products still sold, the best first.

    Being due does not enter the score: lists that put what is due first were right less often.

    Args:
        purchases: Rows of whole customers before the catalogue's date.
        catalogue: The products.

    Returns:
        One row per customer and product: customer_id, stock_code, score (purchase days, each counting
        half after HABIT_HALF_LIFE days, times the root of the product's orders lately), is_due,
        bought_on_days, days_since_bought, usual_gap_days, rank.
    """
    sold = purchases[purchases["stock_code"].isin(catalogue.products[catalogue.is_sold])]
    days = sold[["customer_id", "stock_code", "order_date"]].drop_duplicates()
    days = days.assign(
        age=_age(days, catalogue.date),
        weight=0.5 ** (_age(days, catalogue.date) / HABIT_HALF_LIFE),
    ).sort_values(["customer_id", "stock_code", "age"])
    own = days.groupby(["customer_id", "stock_code"], sort=True)
    found = own.agg(
        score=("weight", "sum"),
        bought_on_days=("age", "size"),
        days_since_bought=("age", "min"),
        first=("age", "max"),
    ).reset_index()
    rhythm = (found["first"] - found["days_since_bought"]) / (found["bought_on_days"] - 1)
    products = catalogue.products.get_indexer(found["stock_code"])
    found["score"] *= np.sqrt(catalogue.popularity[products])
    usual = catalogue.usual_gaps[products]
    found["usual_gap_days"] = rhythm.where(found["bought_on_days"] >= CUSTOMER_DAYS_FROM, usual)
    found["is_due"] = found["days_since_bought"] >= found["usual_gap_days"]
    found = found.drop(columns="first").sort_values(
        ["customer_id", "score", "stock_code"], ascending=[True, False, True]
    )
    found["rank"] = found.groupby("customer_id").cumcount() + 1
    return found.reset_index(drop=True)


def recommend(
    purchases: pd.DataFrame,
    catalogue: Catalogue,
    affinities: sp.csr_matrix,
    together: sp.csr_matrix,
    *,
    settings: RecommendationSettings,
) -> pd.DataFrame:
    """Make both lists for some customers.

    Args:
        purchases: Columns PURCHASE_COLUMNS: all rows of these customers before the catalogue's date.
        catalogue: The products.
        affinities: As `learn_affinities` gives them, of NEW_HALF_LIFE.
        together: As `orders_together` gives them.
        settings: How many.

    Returns:
        Columns of SCHEMA, sorted by customer, list and rank. Lists are shorter where less is known.
    """
    lists = [_again_list(purchases, catalogue, settings)]
    everybody = pd.Index(sorted(purchases["customer_id"].unique()))
    toward = affinities.T.tocsr()
    step = max(1, BATCH_CELLS // max(len(catalogue.products), 1))
    by_customer = purchases.sort_values("customer_id", kind="stable")
    starts = np.searchsorted(by_customer["customer_id"].to_numpy(dtype=object), everybody[::step])
    for number, (start, end) in enumerate(pairwise([*starts, len(by_customer)])):
        customers = everybody[number * step : (number + 1) * step]
        lists.extend(
            _new_lists(
                by_customer.iloc[start:end],
                customers,
                catalogue,
                affinities,
                toward,
                together,
                settings,
            )
        )
    made = pd.concat(lists, ignore_index=True).reindex(columns=SCHEMA.names)
    return made.sort_values(["customer_id", "list", "rank"], ignore_index=True)


def recommend_customers(
    session: duckdb.DuckDBPyConnection | Spread,
    purchases: duckdb.DuckDBPyRelation,
    recent: duckdb.DuckDBPyRelation,
    *,
    date: pd.Timestamp,
    settings: RecommendationSettings,
) -> pa.RecordBatchReader | DataFrame:
    """Make the lists of all customers, batch by batch.

    Args:
        session: Where the relations live, as for `regulars.engine.map_batches`.
        purchases: Columns PURCHASE_COLUMNS, all before `date`.
        recent: As many of their rows as affinities are to be learnt from.
        date: The first day not counted.
        settings: How many.

    Returns:
        SCHEMA, up to `count` rows per customer and list, as `map_batches` gives it.
    """
    learnt = read_purchases(recent)
    catalogue = read_catalogue(learnt, date=date, settings=settings)
    affinities = learn_affinities(learnt, catalogue, half_life=NEW_HALF_LIFE)
    together = orders_together(learnt, catalogue, affinities)

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rest = None
        for batch in batches:
            rows = _typed(pa.Table.from_batches([batch]))
            rows = rows if rest is None else pd.concat([rest, rows], ignore_index=True)
            # the last customer may go on in the next batch
            is_last = rows["customer_id"] == rows["customer_id"].iloc[-1]
            rest = rows[is_last]
            yield from made(rows[~is_last])
        if rest is not None:
            yield from made(rest)

    def made(rows: pd.DataFrame) -> list[pa.RecordBatch]:
        if rows.empty:
            return []
        lists = recommend(rows, catalogue, affinities, together, settings=settings)
        return pa.Table.from_pandas(lists, schema=SCHEMA, preserve_index=False).to_batches()

    return map_batches(
        session,
        purchases.select(", ".join(PURCHASE_COLUMNS)),
        work,
        schema=SCHEMA,
        batch_rows=BATCH_ROWS,
        order=("customer_id", "order_id", "stock_code"),
    )


def read_purchases(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Read a relation of PURCHASE_COLUMNS, sorted, so that sums do not depend on the order of its rows."""
    columns = ", ".join(PURCHASE_COLUMNS)
    return _typed(relation.select(columns).order("order_id, stock_code").to_arrow_table())


def _again_list(
    purchases: pd.DataFrame, catalogue: Catalogue, settings: RecommendationSettings
) -> pd.DataFrame:
    own = habits(purchases, catalogue)
    chosen = own[own["rank"] <= settings.count].sort_values(
        ["customer_id", "is_due", "rank"], ascending=[True, False, True]
    )
    chosen["rank"] = chosen.groupby("customer_id").cumcount() + 1
    return chosen.assign(list=BUY_AGAIN)


def _new_lists(
    purchases: pd.DataFrame,
    customers: pd.Index,
    catalogue: Catalogue,
    affinities: sp.csr_matrix,
    toward: sp.csr_matrix,
    together: sp.csr_matrix,
    settings: RecommendationSettings,
) -> Iterator[pd.DataFrame]:
    """Yield the customers' lists, unless all are empty."""
    profiles = profile(purchases, customers, catalogue, half_life=PROFILE_HALF_LIFE)
    scores = new_products(profiles, profiles, catalogue, affinities)
    best = top(scores, settings.count)
    rows, places = np.nonzero(best >= 0)
    if not rows.size:
        return
    products = best[rows, places]
    # what each customer bought, by how much of the product's score it makes
    because = _columns_of_highest(profiles[rows].multiply(toward[products]).tocsr())
    yield pd.DataFrame(
        {
            "customer_id": customers[rows],
            "list": NEW_FOR_YOU,
            "rank": places + 1,
            "stock_code": catalogue.products[products],
            "score": scores[rows, products],
            "because_stock_code": catalogue.products[because],
            "orders_together": np.asarray(together[because, products], dtype=float).ravel(),
        }
    )


def _columns_of_highest(values: sp.csr_matrix) -> np.ndarray:
    """Column of each row's highest value, the first of equal ones; every row has a value above 0."""
    values.sort_indices()
    highest = np.maximum.reduceat(values.data, values.indptr[:-1])
    is_highest = values.data == np.repeat(highest, np.diff(values.indptr))
    found = np.flatnonzero(is_highest)
    return values.indices[found[np.searchsorted(found, values.indptr[:-1])]]


def _baskets(
    purchases: pd.DataFrame, catalogue: Catalogue
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, tuple[int, int]]:
    """Leave out the orders set apart; number the orders and products of the rest."""
    counted = purchases[~purchases["is_set_apart"]]
    orders, names = pd.factorize(counted["order_id"])
    codes = catalogue.products.get_indexer(counted["stock_code"])
    return counted, orders, codes, (len(names), len(catalogue.products))


def _best(scores: sp.csr_matrix) -> sp.csr_matrix:
    """Keep the NEIGHBOURS highest above 0 of each row; of equal ones those of the first columns."""
    scores.eliminate_zeros()
    scores.sort_indices()
    kept = [
        start + _highest(scores.data[start:end])
        for start, end in zip(scores.indptr, scores.indptr[1:], strict=False)
    ]
    places = np.concatenate(kept) if kept else np.zeros(0, dtype=int)
    starts = np.cumsum([0, *map(len, kept)])
    return sp.csr_matrix((scores.data[places], scores.indices[places], starts), shape=scores.shape)


def _highest(values: np.ndarray) -> np.ndarray:
    if len(values) <= NEIGHBOURS:
        return np.arange(len(values))
    least = np.partition(values, -NEIGHBOURS)[-NEIGHBOURS]
    above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
    return np.sort(np.concatenate([above, equal[: NEIGHBOURS - len(above)]]))


def _age(purchases: pd.DataFrame, date: pd.Timestamp) -> np.ndarray:
    return (date - purchases["order_date"]).dt.days.to_numpy()


def _typed(purchases: pa.Table) -> pd.DataFrame:
    ids = ("order_id", "customer_id", "stock_code")
    frame = pd.DataFrame(
        {
            # equal ids are one object: a word for each row, and its hash is known
            name: purchases[name].combine_chunks().dictionary_encode().to_pandas().astype(object)
            if name in ids
            else purchases[name].to_pandas()
            for name in PURCHASE_COLUMNS
        }
    )
    return frame.astype({"order_date": "datetime64[us]", "is_set_apart": "bool"})
