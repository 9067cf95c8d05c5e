"""What a customer is likely to buy again, and what of the rest suits what they have bought.

New products are ranked by item-to-item affinity (Sarwar et al. 2001): how often two products were in one
order, lately above all and in small orders above all, set against how common both are; summed over what
the customer has bought, lately above all. Products to buy again are those due by the customer's own
rhythm, or else by that of the product, and among these the most often bought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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
# Blocks that scores are looked through in, for each rank of a list: with more of them fewer scores are left to be sorted.
BLOCKS_OF_A_RANK = 8
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


@dataclass(frozen=True)
class Affinities:
    """How well products go together: from each (row) to its NEIGHBOURS best (columns).

    Attributes:
        strength: Shape (n, n), above 0 for the neighbours.
        orders: Orders that hold both, shape (n, n), for the neighbours only.
    """

    strength: sp.csr_matrix
    orders: sp.csr_matrix


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
    codes, products = coded(purchases["stock_code"])
    age = _age(purchases, date)
    popularity = np.bincount(codes[age <= settings.recent_days], minlength=len(products))
    customers, _ = coded(purchases["customer_id"])
    owners, bought, ages = _distinct_days(customers, codes, age)
    is_again = (owners[1:] == owners[:-1]) & (bought[1:] == bought[:-1])
    gaps = pd.Series(np.diff(ages)[is_again], dtype=float)
    by_product = gaps.groupby(bought[1:][is_again]).agg(["median", "count"])
    by_product = by_product.reindex(range(len(products)))
    usual = by_product["median"].where(by_product["count"] >= PRODUCT_GAPS_FROM, gaps.median())
    return Catalogue(
        date=date,
        products=products,
        is_sold=popularity > 0,
        popularity=popularity,
        usual_gaps=usual.to_numpy(dtype=float),
    )


def learn_affinities(
    purchases: pd.DataFrame, catalogue: Catalogue, *, half_life: float
) -> Affinities:
    """Weigh what is bought together.

    Args:
        purchases: As for `read_catalogue`; orders set apart are left out.
        catalogue: Of the same purchases.
        half_life: Days after which an order counts half.

    Returns:
        The neighbours of each product.
    """
    counted = purchases[~purchases["is_set_apart"]]
    weights = _weights(counted, catalogue, half_life)
    pairs = _summed_pairs(counted, catalogue, weights, np.ones(len(counted)))
    strength, places = _nearest(pairs, np.real)
    orders = (pairs.data.imag[places], strength.indices, strength.indptr)
    return Affinities(strength, sp.csr_matrix(orders, shape=strength.shape))


def learn_strengths(
    purchases: pd.DataFrame, catalogue: Catalogue, *, half_lives: tuple[float, float]
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Weigh what is bought together by two half-lives, in the time of one.

    Args:
        purchases: As for `learn_affinities`.
        catalogue: Of the same purchases.
        half_lives: Days after which an order counts half.

    Returns:
        `Affinities.strength` for each.
    """
    counted = purchases[~purchases["is_set_apart"]]
    one, other = (_weights(counted, catalogue, half_life) for half_life in half_lives)
    pairs = _summed_pairs(counted, catalogue, one, other)
    return _nearest(pairs, np.real)[0], _nearest(pairs, np.imag)[0]


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
    rows = positions(purchases["customer_id"], customers)
    columns = positions(purchases["stock_code"], catalogue.products)
    known = columns >= 0
    weights = 0.5 ** (_age(purchases, catalogue.date) / half_life)
    shape = (len(customers), len(catalogue.products))
    return sp.csr_matrix((weights[known], (rows[known], columns[known])), shape=shape)


def top(scores: np.ndarray, count: int) -> np.ndarray:
    """Columns of the `count` highest scores above 0 of each row, best first; -1 where there are fewer.

    Equal scores rank by column.
    """
    width = scores.shape[1]
    best = np.full((len(scores), min(count, width)), -1)
    least = np.zeros((len(scores), 1))
    blocks = BLOCKS_OF_A_RANK * count
    if width >= blocks:
        # `count` blocks have a best score of at least this, so that nothing below it can be wanted
        whole = scores[:, : width // blocks * blocks].reshape(len(scores), -1, blocks)
        highest = whole.max(axis=1)
        least = np.partition(highest, -count, axis=1)[:, -count, np.newaxis]
    rows, columns = np.nonzero((scores >= least) & (scores > 0))
    order = np.lexsort((columns, -scores[rows, columns], rows))
    rows, columns = rows[order], columns[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    is_kept = places < count
    best[rows[is_kept], places[is_kept]] = columns[is_kept]
    return best


def new_products(profiles: sp.csr_matrix, strength: sp.csr_matrix) -> np.ndarray:
    """Score the products that customers have not bought.

    Args:
        profiles: As `profile` gives them, shape (m, n).
        strength: How well products go with those in question, as `toward_sold` gives it.

    Returns:
        Shape (m, n); 0 where a product does not come into question.
    """
    scores = (profiles @ strength).toarray()
    scores[profiles.nonzero()] = 0
    return scores


def toward_sold(strength: sp.csr_matrix, catalogue: Catalogue) -> sp.csr_matrix:
    """Leave out affinities to products that are no longer sold; shape (n, n)."""
    strength = strength.copy()
    strength.data[~catalogue.is_sold[strength.indices]] = 0
    strength.eliminate_zeros()
    return strength


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
    products = positions(purchases["stock_code"], catalogue.products)
    customers, names = coded(purchases["customer_id"])
    is_sold = np.append(catalogue.is_sold, False)[products]  # -1: a product that is not known
    owners, bought, ages = _distinct_days(
        customers[is_sold], products[is_sold], _age(purchases, catalogue.date)[is_sold]
    )
    starts = _starts(owners, bought)
    days = np.diff(starts, append=len(owners))
    owners, bought, last = owners[starts], bought[starts], ages[starts]
    faded = np.add.reduceat(0.5 ** (ages / HABIT_HALF_LIFE), starts) if len(starts) else last
    rhythm = (ages[starts + days - 1] - last) / np.maximum(days - 1, 1)
    usual = np.where(days >= CUSTOMER_DAYS_FROM, rhythm, catalogue.usual_gaps[bought])
    score = faded * np.sqrt(catalogue.popularity[bought])
    order = np.lexsort((bought, -score, owners))
    found = pd.DataFrame(
        {
            "customer_id": pd.Categorical.from_codes(owners, names),
            "stock_code": pd.Categorical.from_codes(bought, catalogue.products),
            "score": score,
            "is_due": last >= usual,
            "bought_on_days": days,
            "days_since_bought": last,
            "usual_gap_days": usual,
        }
    )
    found = found.iloc[order].reset_index(drop=True)
    return found.assign(rank=_ranks(owners[order]))


def recommend(
    purchases: pd.DataFrame,
    catalogue: Catalogue,
    affinities: Affinities,
    *,
    settings: RecommendationSettings,
) -> pd.DataFrame:
    """Make both lists for some customers.

    Args:
        purchases: Columns PURCHASE_COLUMNS: all rows of these customers before the catalogue's date.
        catalogue: The products.
        affinities: As `learn_affinities` gives them, of NEW_HALF_LIFE.
        settings: How many.

    Returns:
        Columns of SCHEMA, sorted by customer, list and rank. Lists are shorter where less is known.
    """
    _, customers = coded(purchases["customer_id"])
    profiles = profile(purchases, customers, catalogue, half_life=PROFILE_HALF_LIFE)
    strength = toward_sold(affinities.strength, catalogue)
    incoming = strength.T.tocsr()
    step = max(1, BATCH_CELLS // max(len(catalogue.products), 1))
    lists = [_again_list(purchases, catalogue, settings)]
    for start in range(0, len(customers), step):
        some = slice(start, start + step)
        new = _new_list(profiles[some], strength, incoming, count=settings.count)
        if len(new):
            products, because = new["product"], new["because"]
            lists.append(
                new.assign(
                    customer_id=customers[some][new["row"]],
                    stock_code=catalogue.products[products],
                    because_stock_code=catalogue.products[because],
                    orders_together=np.ravel(affinities.orders[because, products]),
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

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rest = None
        for batch in batches:
            rows = pa.Table.from_batches([batch])
            rows = rows if rest is None else pa.concat_tables([rest, rows])
            # the last customer may go on in the next batch
            is_last = pc.equal(rows["customer_id"], rows["customer_id"][-1])
            rest = rows.filter(is_last)
            yield from made(rows.filter(pc.invert(is_last)))
        if rest is not None:
            yield from made(rest)

    def made(rows: pa.Table) -> list[pa.RecordBatch]:
        if not rows.num_rows:
            return []
        lists = recommend(_typed(rows), catalogue, affinities, settings=settings)
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
    ids = {name: chosen[name].astype(object) for name in ("customer_id", "stock_code")}
    return chosen.assign(
        **ids, list=BUY_AGAIN, rank=_ranks(chosen["customer_id"].cat.codes.to_numpy())
    )


def _new_list(
    profiles: sp.csr_matrix, strength: sp.csr_matrix, incoming: sp.csr_matrix, *, count: int
) -> pd.DataFrame:
    """Choose new products.

    Args:
        profiles: As `profile` gives them, shape (m, n).
        strength: As `toward_sold` gives it, shape (n, n).
        incoming: The same, transposed.
        count: How many for a customer.

    Returns:
        Columns row (of the customer), list, rank, product (column), score, because (column of the
        product bought that makes most of the score).
    """
    scores = new_products(profiles, strength)
    best = top(scores, count)
    rows, places = np.nonzero(best >= 0)
    products = best[rows, places]
    shares = profiles[rows].multiply(incoming[products])
    return pd.DataFrame(
        {
            "row": rows,
            "list": NEW_FOR_YOU,
            "rank": places + 1,
            "product": products,
            "score": scores[rows, products],
            "because": _columns_of_highest(shares.tocsr()),
        }
    )


def _columns_of_highest(values: sp.csr_matrix) -> np.ndarray:
    """Column of each row's highest value, the first of equal ones; every row has a value above 0."""
    if not values.nnz:
        return np.zeros(0, dtype=int)
    values.sort_indices()
    highest = np.maximum.reduceat(values.data, values.indptr[:-1])
    is_highest = values.data == np.repeat(highest, np.diff(values.indptr))
    found = np.flatnonzero(is_highest)
    return values.indices[found[np.searchsorted(found, values.indptr[:-1])]]


def _weights(purchases: pd.DataFrame, catalogue: Catalogue, half_life: float) -> np.ndarray:
    """What each row counts: less with age, and less in large orders."""
    orders, _ = coded(purchases["order_id"])
    sizes = np.bincount(orders)[orders]
    return 0.5 ** (_age(purchases, catalogue.date) / half_life) / np.maximum(sizes - 1, 1)


def _summed_pairs(
    purchases: pd.DataFrame, catalogue: Catalogue, one: np.ndarray, other: np.ndarray
) -> sp.csr_matrix:
    """Sum two weights of orders for each pair of products, as real and imaginary part.

    The product of matrices takes the time: one gives both.

    Args:
        purchases: Rows that count.
        catalogue: Their products.
        one: A weight of each row, the same for all rows of an order.
        other: Another.

    Returns:
        Shape (n, n), symmetric, columns in no order.
    """
    orders, names = coded(purchases["order_id"])
    places = (orders, positions(purchases["stock_code"], catalogue.products))
    shape = (len(names), len(catalogue.products))
    plain = sp.csr_matrix((np.ones(len(purchases)), places), shape=shape)
    return sp.csr_matrix(plain.T.tocsr() @ sp.csr_matrix((one + 1j * other, places), shape=shape))


def _nearest(
    pairs: sp.csr_matrix, part: Callable[[np.ndarray], np.ndarray]
) -> tuple[sp.csr_matrix, np.ndarray]:
    """Keep the NEIGHBOURS strongest of each product, how common both are set against their weight.

    Args:
        pairs: As `_summed_pairs` gives them, shape (n, n).
        part: Takes the weight from a sum: the real or the imaginary part.

    Returns:
        The strengths, shape (n, n), and where in the data of the pairs those kept are.
    """
    weights = part(pairs.data)
    scale = 1 / np.sqrt(part(pairs.diagonal()) + SHRINKAGE)
    strength, places = [np.zeros(0)], [np.zeros(0, dtype=int)]
    for product, (start, end) in enumerate(pairwise(pairs.indptr)):
        others = pairs.indices[start:end]
        values = scale[product] * weights[start:end] * scale[others]
        values[others == product] = 0
        kept = _highest(values, others)
        strength.append(values[kept])
        places.append(start + kept)
    starts = np.cumsum([0, *map(len, places[1:])])
    found = np.concatenate(places)
    kept_pairs = (np.concatenate(strength), pairs.indices[found], starts)
    return sp.csr_matrix(kept_pairs, shape=pairs.shape), found


def _highest(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Places of the NEIGHBOURS highest values above 0, by column; of equal ones those of the first columns."""
    found = np.flatnonzero(values > 0)
    if len(found) > NEIGHBOURS:
        least = np.partition(values[found], -NEIGHBOURS)[-NEIGHBOURS]
        above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
        equal = equal[np.argsort(columns[equal])]
        found = np.concatenate([above, equal[: NEIGHBOURS - len(above)]])
    return found[np.argsort(columns[found])]


def _distinct_days(
    customers: np.ndarray, products: np.ndarray, ages: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leave out repetitions of customer, product and age (in days); sort by them in this order."""
    width, span = products.max(initial=0) + 1, ages.max(initial=0) + 1
    keys = np.sort((customers * width + products) * span + ages)
    pairs, ages = np.divmod(keys[_starts(keys)], span)
    return *np.divmod(pairs, width), ages


def _starts(*keys: np.ndarray) -> np.ndarray:
    """Where rows sorted by keys begin a new one."""
    is_new = np.zeros(len(keys[0]), dtype=bool)
    is_new[:1] = True
    for key in keys:
        is_new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(is_new)


def _ranks(groups: np.ndarray) -> np.ndarray:
    """Number the rows of each group from 1; rows of a group follow each other."""
    starts = _starts(groups)
    return np.arange(len(groups)) - np.repeat(starts, np.diff(starts, append=len(groups))) + 1


def coded(ids: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Number ids by their order.

    Returns:
        A number for each row, and the ids that occur, sorted.
    """
    if not isinstance(ids.dtype, pd.CategoricalDtype):
        codes, names = pd.factorize(ids, sort=True)
        return codes, pd.Index(names)
    codes = ids.cat.codes.to_numpy()
    occurs = np.bincount(codes, minlength=len(ids.cat.categories)) > 0
    return (np.cumsum(occurs) - 1)[codes], ids.cat.categories[occurs]


def positions(ids: pd.Series, among: pd.Index) -> np.ndarray:
    """Return where each id is in an index; -1 where it is not."""
    codes, names = coded(ids)
    return among.get_indexer(names)[codes]


def _age(purchases: pd.DataFrame, date: pd.Timestamp) -> np.ndarray:
    return (date - purchases["order_date"]).dt.days.to_numpy()


def _typed(purchases: pa.Table) -> pd.DataFrame:
    ids = ("order_id", "customer_id", "stock_code")
    frame = pd.DataFrame(
        {
            name: _categorical(purchases[name]) if name in ids else purchases[name].to_pandas()
            for name in PURCHASE_COLUMNS
        }
    )
    return frame.astype({"order_date": "datetime64[us]", "is_set_apart": "bool"})


def _categorical(ids: pa.ChunkedArray) -> pd.Categorical:
    """Ids as numbers, in the order of the ids."""
    found = ids.combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(found.dictionary).to_numpy()
    codes = np.argsort(order)[found.indices.to_numpy()]
    names = found.dictionary.take(order).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes, pd.Index(names, dtype=object))
