"""The list of customers: one set of filters and orders for the pages, the API and the CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.web.paging import Order, after, cut, order_by
from regulars.web.store import Publication, Rows

CSV_BATCH = 5_000

# Columns that lists are sorted by, and how their values are written into a cursor.
KINDS = {
    "customer_id": "text",
    "segment": "text",
    "country": "text",
    "cluster_name": "text",
    "confidence_tier": "text",
    "recency_days": "integer",
    "frequency": "integer",
    "monetary": "decimal",
    "rfm_score": "text",
    "churn_probability_90d": "double",
    "clv_90d": "double",
    "value_at_risk_90d": "double",
    "campaign_priority_score": "double",
}

# Every customer once, with what lists show; takes the recipe whose clusters are shown.
LIST = """
    select
        customers.customer_id,
        segments.segment,
        segments.previous_segment,
        customers.primary_country as country,
        clusters.cluster_id,
        clusters.cluster_name,
        customers.confidence_tier,
        customers.timing_persona,
        rfm.recency_days,
        rfm.frequency,
        rfm.monetary,
        rfm.r_score,
        rfm.f_score,
        rfm.m_score,
        rfm.rfm_score,
        scores.churn_probability_90d,
        scores.churn_risk_band,
        scores.clv_90d,
        scores.clv_90d_low,
        scores.clv_90d_high,
        scores.clv_tier,
        scores.value_at_risk_90d,
        scores.campaign_priority_score,
        scores.next_purchase_window,
        scores.withheld_reason
    from customers
    inner join customer_rfm as rfm on customers.customer_id = rfm.customer_id
    inner join customer_segments as segments on customers.customer_id = segments.customer_id
    left join customer_scores as scores on customers.customer_id = scores.customer_id
    left join customer_clusters as clusters
        on customers.customer_id = clusters.customer_id and clusters.recipe = ?
"""


@dataclass(frozen=True)
class CustomerFilter:
    """Which customers.

    Attributes:
        recipe: Whose clusters are shown.
        segments: Any of these; empty: all.
        countries: Any of these; empty: all.
        clusters: Names of clusters of the recipe; empty: all.
        risk_bands: Any of Low, Medium and High; empty: all.
        minimum_frequency: Orders; None: any.
        minimum_clv: Expected value of 90 days; customers without one stay visible. None: any.
        search: Beginning of the customer id; "": all.
    """

    recipe: str
    segments: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    risk_bands: tuple[str, ...] = ()
    minimum_frequency: int | None = None
    minimum_clv: float | None = None
    search: str = ""

    def condition(self) -> tuple[str, list[Any]]:
        """The condition on columns of the list, with values to bind."""
        conditions, values = ["true"], []
        for column, wanted in (
            ("segment", self.segments),
            ("country", self.countries),
            ("cluster_name", self.clusters),
            ("churn_risk_band", self.risk_bands),
        ):
            if wanted:
                conditions.append(f"{column} in (select unnest(?::varchar[]))")
                values.append(list(wanted))
        if self.minimum_frequency is not None:
            conditions.append("frequency >= ?")
            values.append(self.minimum_frequency)
        if self.minimum_clv is not None:
            conditions.append("(clv_90d >= ? or clv_90d is null)")
            values.append(self.minimum_clv)
        if self.search:
            conditions.append("starts_with(customer_id, ?)")
            values.append(self.search)
        return " and ".join(conditions), values


def order_of(column: str, *, is_descending: bool) -> Order:
    """The order by one of the columns of `KINDS`."""
    return Order(column, KINDS[column], is_descending)


def count(publication: Publication, chosen: CustomerFilter) -> int:
    """How many customers there are."""
    condition, values = chosen.condition()
    sql = f"select count(*) from ({LIST}) as listed where {condition}"
    return publication.query(sql, [chosen.recipe, *values]).rows[0][0]


def page_after(
    publication: Publication,
    chosen: CustomerFilter,
    order: Order,
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """The page behind a cursor, and the cursor of the next."""
    condition, values = chosen.condition()
    beyond, key = after(order, cursor)
    sql = (
        f"select * from ({LIST}) as listed where {condition} and {beyond} "
        f"order by {order_by(order)} limit ?"
    )
    rows = publication.query(sql, [chosen.recipe, *values, *key, limit + 1]).dicts()
    return cut(order, rows, limit)


def page_number(
    publication: Publication, chosen: CustomerFilter, order: Order, *, number: int, size: int
) -> list[dict[str, Any]]:
    """The page of a number, from 1."""
    condition, values = chosen.condition()
    sql = (
        f"select * from ({LIST}) as listed where {condition} "
        f"order by {order_by(order)} limit ? offset ?"
    )
    bound = [chosen.recipe, *values, size, (number - 1) * size]
    return publication.query(sql, bound).dicts()


def all_rows(publication: Publication, chosen: CustomerFilter, order: Order) -> Iterator[Rows]:
    """All customers of a filter, in batches: what the CSV is made of."""
    condition, values = chosen.condition()
    sql = f"select * from ({LIST}) as listed where {condition} order by {order_by(order)}"
    return publication.stream(sql, [chosen.recipe, *values], batch=CSV_BATCH)


def totals(publication: Publication, chosen: CustomerFilter) -> dict[str, Any]:
    """Figures of all customers of a filter."""
    condition, values = chosen.condition()
    sql = f"""
        select
            count(*) as customer_count,
            coalesce(sum(frequency), 0) as order_count,
            coalesce(sum(monetary), 0) as revenue,
            count(*) filter (where frequency >= 2) as repeat_count,
            median(monetary) as median_monetary,
            sum(clv_90d) as expected_value_90d,
            sum(value_at_risk_90d) as value_at_risk_90d,
            count(*) filter (where clv_90d is null) as without_value_count
        from ({LIST}) as listed where {condition}
    """
    return publication.query(sql, [chosen.recipe, *values]).dicts()[0]


def grouped(publication: Publication, chosen: CustomerFilter, by: str) -> list[dict[str, Any]]:
    """The same by segment, country or cluster_name, the largest revenue first."""
    if by not in ("segment", "country", "cluster_name"):
        raise ValueError(f"Customers are not grouped by {by}.")
    condition, values = chosen.condition()
    sql = f"""
        select
            {by} as name,
            count(*) as customer_count,
            sum(monetary) as revenue,
            sum(frequency) as order_count,
            median(recency_days) as median_recency_days,
            median(frequency) as median_frequency,
            median(monetary) as median_monetary,
            avg(churn_probability_90d) as avg_churn_probability_90d,
            sum(clv_90d) as clv_90d,
            sum(value_at_risk_90d) as value_at_risk_90d,
            count(*) filter (where frequency >= 2) as repeat_count,
            quantile_cont(clv_90d, 0.25) as low_clv_90d,
            quantile_cont(clv_90d, 0.5) as median_clv_90d,
            quantile_cont(clv_90d, 0.75) as high_clv_90d
        from ({LIST}) as listed where {condition}
        group by {by} order by revenue desc nulls last, name
    """
    return publication.query(sql, [chosen.recipe, *values]).dicts()


# Upper ends of the bins but the last.
RECENCY_BINS = (30, 90, 180, 365)
FREQUENCY_BINS = (1, 2, 5, 10)
# Cells of revenue and expected value per factor of ten, and the least amount that is told apart.
CELLS_PER_DECADE = 4
LEAST_AMOUNT = 1.0


def recency_by_frequency(publication: Publication, chosen: CustomerFilter) -> list[dict[str, Any]]:
    """Customers, revenue and expected value by how long ago and how often they ordered; every bin, often first."""
    condition, values = chosen.condition()
    sql = f"""
        select
            len(list_filter(?::integer[], lambda bound: recency_days > bound)) as recency_bin,
            len(list_filter(?::integer[], lambda bound: frequency > bound)) as frequency_bin,
            count(*) as customer_count,
            sum(monetary) as revenue,
            sum(clv_90d) as clv_90d
        from ({LIST}) as listed where {condition}
        group by recency_bin, frequency_bin
    """
    bound = [list(RECENCY_BINS), list(FREQUENCY_BINS), chosen.recipe, *values]
    found = {
        (row["recency_bin"], row["frequency_bin"]): row
        for row in publication.query(sql, bound).dicts()
    }
    empty = {"customer_count": 0, "revenue": None, "clv_90d": None}
    if not found:
        return []
    return [
        empty
        | found.get((recency, frequency), {})
        | {
            "recency": _bin(RECENCY_BINS, recency, 0),
            "frequency": _bin(FREQUENCY_BINS, frequency, 1),
        }
        for frequency in reversed(range(len(FREQUENCY_BINS) + 1))
        for recency in range(len(RECENCY_BINS) + 1)
    ]


def _bin(bounds: Sequence[int], at: int, least: int) -> str:
    if at == len(bounds):
        return f"over {bounds[-1]}"
    low = bounds[at - 1] + 1 if at else least
    return f"{low}" if low == bounds[at] else f"{low} to {bounds[at]}"


def revenue_by_expected_value(
    publication: Publication, chosen: CustomerFilter
) -> list[dict[str, Any]]:
    """Customers with revenue and a forecast, in cells of equal ratios; amounts below one count as one."""
    condition, values = chosen.condition()
    sql = f"""
        with placed as (
            select
                cast(floor(? * log10(greatest(monetary, ?))) as integer) as monetary_cell,
                cast(floor(? * log10(greatest(clv_90d, ?))) as integer) as clv_cell,
                churn_probability_90d
            from ({LIST}) as listed
            where {condition} and monetary > 0 and clv_90d is not null
        )
        select
            monetary_cell,
            clv_cell,
            count(*) as customer_count,
            avg(churn_probability_90d) as churn_probability_90d
        from placed group by monetary_cell, clv_cell order by monetary_cell, clv_cell
    """
    scale = [CELLS_PER_DECADE, LEAST_AMOUNT]
    rows = publication.query(sql, [*scale, *scale, chosen.recipe, *values]).dicts()
    for row in rows:
        for name in ("monetary", "clv"):
            cell = row.pop(f"{name}_cell")
            row[f"{name}_from"] = 10 ** (cell / CELLS_PER_DECADE)
            row[f"{name}_to"] = 10 ** ((cell + 1) / CELLS_PER_DECADE)
    return rows


def known(publication: Publication, query: str, values: Sequence[Any] = ()) -> list[str]:
    """The first column of a query, as texts."""
    return [str(row[0]) for row in publication.query(query, values).rows]
