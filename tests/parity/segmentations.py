"""The published segmentations, each as its authors made it, mistakes included.

Every recipe takes a frame with one row per customer and returns the customers that it segments with
their cluster, and the figures published about it. Rows are sorted by customer id, whole numbers: the
seed draws the first centroids by position, so another order gives other clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import davies_bouldin_score, silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

SEED = 42
SET_ASIDE = 999

RFM_ENHANCED = [
    "r_score", "f_score", "m_score", "product_diversity", "is_bulk_buyer", "purchase_velocity",
    "engagement_consistency", "loyalty_index", "activity_rate", "weekend_ratio",
    "quarter_concentration",
]  # fmt: skip
BEHAVIOURAL = [
    "avg_basket_size", "purchase_frequency", "product_diversity", "aov", "spending_cv", "clv",
    "activity_rate", "engagement_consistency", "loyalty_index", "weekend_ratio",
    "quarter_concentration", "preferred_hour", "days_overdue",
]  # fmt: skip

# The second file is a newer release of the data than the one that was segmented: it differs by one
# line, the postage of its last invoice.
OLDER_RELEASE = "not (invoice = '581587' and stock_code = 'POST')"
VALUE_TIER_LINES = f"{OLDER_RELEASE} and quantity > 0 and price > 0"
MIXED_LINES = VALUE_TIER_LINES
PIPELINE_LINES = (
    f"{OLDER_RELEASE} and quantity > 0 and price >= 0 and not starts_with(invoice, 'C')"
)
ENGAGEMENT_LINES = (
    "regexp_full_match(invoice, '[0-9]{6}') "
    "and (regexp_full_match(stock_code, '[0-9]{5}[a-zA-Z]*') or stock_code = 'PADS')"
)

# The first group of which a word occurs anywhere in the lower-case description.
KEYWORD_GROUPS = {
    "bags": "bag|wallet|purse",
    "kitchen": "mug|cup|plate|bowl",
    "home_decor": "lamp|candle|lantern|light",
    "toys": "toy|party|game",
}
GROUP_SHARES = [f"{group}_share" for group in [*KEYWORD_GROUPS, "other"]]


@dataclass(frozen=True)
class Segmentation:
    """What a recipe found.

    Attributes:
        customers: The segmented rows of the frame given, with a column `cluster`.
        scaler: The scaling fitted to them, in the recipe's order of columns.
        centroids: Clusters x columns, scaled, as fitted.
        metrics: silhouette, davies_bouldin and inertia in the scaled space, of the labels returned
            without those set aside (inertia: of the fit); iterations of the fit.
    """

    customers: pd.DataFrame
    scaler: StandardScaler
    centroids: np.ndarray
    metrics: dict[str, float]


def read_customers(
    path: Path, *, kept_lines: str, without_duplicates: bool = False
) -> pd.DataFrame:
    """Read one year of raw lines into one row per identified customer.

    Money is summed as decimals, so that nothing depends on the order of lines or on threads.

    Args:
        path: Parquet file with UCI's column names.
        kept_lines: SQL condition on invoice, stock_code, quantity and price.
        without_duplicates: Count lines that are equal in every column once.

    Returns:
        customer_id, line_count, recency_days (whole 24-hour days from the customer's last line to
        the last of all), frequency (invoices), monetary (revenue), unit_price_sum, is_uk (0 or 1)
        and the share of each keyword group in revenue; sorted by customer_id.
    """
    group = " ".join(
        f"when regexp_matches(lower(description), '{words}') then '{name}_share'"
        for name, words in KEYWORD_GROUPS.items()
    )
    shares = ", ".join(
        f"coalesce(sum(revenue) filter (where keyword_group = '{share}'), 0)::double "
        f"/ sum(revenue)::double as {share}"
        for share in GROUP_SHARES
    )
    query = f"""
        with raw as (
            select {"distinct" if without_duplicates else ""}
                Invoice as invoice, StockCode as stock_code, Description as description,
                Quantity as quantity, InvoiceDate as sold_at, Price::decimal(18, 4) as price,
                "Customer ID"::bigint as customer_id, Country as country
            from read_parquet($path)
        ),
        lines as (
            select *,
                quantity * price as revenue,
                case {group} else 'other_share' end as keyword_group,
                max(sold_at) over () as last_sold_at
            from raw
            where customer_id is not null and {kept_lines}
        )
        select
            customer_id,
            count(*) as line_count,
            floor(epoch(max(last_sold_at) - max(sold_at)) / 86400) as recency_days,
            count(distinct invoice) as frequency,
            sum(revenue)::double as monetary,
            sum(price)::double as unit_price_sum,
            max((country = 'United Kingdom')::integer) as is_uk,
            {shares}
        from lines
        group by customer_id
        order by customer_id
    """
    with duckdb.connect() as connection:
        return connection.execute(query, {"path": str(path)}).df()


def upper_fence(values: pd.Series) -> float:
    """Return the third quartile plus one and a half times the distance between the quartiles."""
    first, third = values.quantile([0.25, 0.75])
    return float(third + 1.5 * (third - first))


def rfm_enhanced(features: pd.DataFrame) -> Segmentation:
    """Segment by scores and habits: K-Means 5, the smallest cluster set aside before the last fit.

    Args:
        features: The published feature columns, one row per customer.
    """
    return _fit_again_without_smallest(features, RFM_ENHANCED, k=5)


def behavioural(features: pd.DataFrame) -> Segmentation:
    """Segment by buying behaviour: K-Means 3, tiny clusters set aside before and merged after.

    After the last fit the whole smallest cluster joins the one whose centroid is nearest to its own;
    no customer is assigned anew. The column `fitted_cluster` holds the clusters before.

    Args:
        features: The published feature columns, one row per customer.
    """
    fitted = _fit_again_without_smallest(features, BEHAVIOURAL, k=3)
    clusters = fitted.customers["cluster"]
    kept = clusters != SET_ASIDE
    smallest = clusters[kept].value_counts().idxmin()
    distances = np.linalg.norm(fitted.centroids - fitted.centroids[smallest], axis=1)
    distances[smallest] = np.inf
    merged = clusters.replace(smallest, distances.argmin())
    scaled = fitted.scaler.transform(_values(features, BEHAVIOURAL)[kept])
    return Segmentation(
        customers=features.assign(fitted_cluster=clusters, cluster=merged),
        scaler=fitted.scaler,
        centroids=fitted.centroids,
        metrics=fitted.metrics | _quality(scaled, merged[kept]),
    )


def value_tiers(customers: pd.DataFrame) -> Segmentation:
    """Segment by logarithms of recency, frequency and "monetary": K-Means 3.

    The published monetary value is the sum of unit prices, quantities forgotten: ten mugs count as
    one. The mistake is kept here, and only here, because the published sizes follow from it.

    Args:
        customers: read_customers of VALUE_TIER_LINES.
    """
    kept = customers[(customers["unit_price_sum"] <= 5_000) & (customers["frequency"] <= 30)]
    values = np.log1p(_values(kept, ["recency_days", "frequency", "unit_price_sum"]))
    return _fit(kept, values, KMeans(3, random_state=SEED, n_init=1))


def engagement(customers: pd.DataFrame) -> Segmentation:
    """Segment by revenue, frequency and recency less outliers: K-Means 4.

    Both fences are those of all customers; there are none below the lower ones.

    Args:
        customers: read_customers of ENGAGEMENT_LINES.
    """
    is_usual = [
        customers[column] <= upper_fence(customers[column]) for column in ("monetary", "frequency")
    ]
    kept = customers[is_usual[0] & is_usual[1]]
    values = _values(kept, ["monetary", "frequency", "recency_days"])
    return _fit(kept, values, KMeans(4, random_state=SEED, n_init=1, max_iter=1_000))


def pipeline(customers: pd.DataFrame) -> Segmentation:
    """Segment by raw recency, frequency and revenue, outliers included: K-Means 4.

    Args:
        customers: read_customers of PIPELINE_LINES.
    """
    values = _values(customers, ["recency_days", "frequency", "monetary"])
    return _fit(customers, values, KMeans(4, random_state=SEED, n_init=1))


def mixed(customers: pd.DataFrame) -> pd.DataFrame:
    """Segment by RFM, country and keyword groups with three algorithms, four clusters each.

    Args:
        customers: read_customers of MIXED_LINES, without duplicates.

    Returns:
        The customers, recency counted to a day after the last line, with their clusters in the
        columns k_means, ward and gmm.
    """
    customers = customers.assign(recency_days=customers["recency_days"] + 1)
    columns = ["recency_days", "frequency", "monetary", "is_uk", *GROUP_SHARES]
    scaled = StandardScaler().fit_transform(_values(customers, columns))
    models = {
        "k_means": KMeans(4, random_state=SEED, n_init=1),
        "ward": AgglomerativeClustering(4, linkage="ward"),
        "gmm": GaussianMixture(4, covariance_type="full", random_state=SEED),
    }
    return customers.assign(**{name: model.fit_predict(scaled) for name, model in models.items()})


def _values(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return the columns as floats, rows x columns; a missing value is a zero."""
    return frame[columns].astype(float).fillna(0.0).to_numpy()


def _fit(customers: pd.DataFrame, values: np.ndarray, model: KMeans) -> Segmentation:
    """Standardise the values (rows x columns), fit the model and label the customers."""
    scaler = StandardScaler()
    scaled = scaler.fit_transform(values)
    model.fit(scaled)
    return Segmentation(
        customers=customers.assign(cluster=model.labels_),
        scaler=scaler,
        centroids=model.cluster_centers_,
        metrics={"inertia": float(model.inertia_), "iterations": model.n_iter_}
        | _quality(scaled, model.labels_),
    )


def _fit_again_without_smallest(
    features: pd.DataFrame, columns: list[str], *, k: int
) -> Segmentation:
    """Fit K-Means twice: the first fit's smallest cluster is set aside, the rest scaled anew."""
    values = _values(features, columns)
    first = KMeans(k, random_state=SEED, n_init=50).fit(StandardScaler().fit_transform(values))
    kept = first.labels_ != np.bincount(first.labels_).argmin()
    last = KMeans(k, random_state=SEED, n_init=100, max_iter=300)
    fitted = _fit(features[kept], values[kept], last)
    clusters = fitted.customers["cluster"].reindex(features.index, fill_value=SET_ASIDE)
    return Segmentation(
        customers=features.assign(cluster=clusters),
        scaler=fitted.scaler,
        centroids=fitted.centroids,
        metrics=fitted.metrics,
    )


def _quality(scaled: np.ndarray, labels: np.ndarray | pd.Series) -> dict[str, float]:
    return {
        "silhouette": float(silhouette_score(scaled, labels)),
        "davies_bouldin": float(davies_bouldin_score(scaled, labels)),
    }
