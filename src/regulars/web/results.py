"""What came of an upload: its customers with the clusters of a recipe, its rows by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from regulars.web.paging import Order, after, cut, order_by
from regulars.web.store import Rows
from regulars.web.uploads import Upload

CSV_BATCH = 5_000

KINDS = {
    "customer_id": "text",
    "segment": "text",
    "cluster_id": "integer",
    "cluster_name": "text",
    "recency_days": "integer",
    "frequency": "integer",
    "monetary": "decimal",
    "rfm_score": "text",
    "confidence_tier": "text",
    "churn_probability_90d": "double",
    "clv_90d": "double",
}

_LIST = """
    select
        customers.customer_id,
        customers.segment,
        clusters.cluster_id,
        clusters.cluster_name,
        words.interpretation as cluster_interpretation,
        words.recommended_actions as cluster_recommendations,
        customers.recency_days,
        customers.frequency,
        customers.monetary,
        customers.r_score,
        customers.f_score,
        customers.m_score,
        customers.rfm_score,
        customers.confidence_tier,
        customers.churn_probability_90d,
        customers.churn_risk_band,
        customers.clv_90d,
        customers.clv_90d_low,
        customers.clv_90d_high,
        customers.next_purchase_window,
        customers.withheld_reason
    from customers
    left join clusters on customers.customer_id = clusters.customer_id and clusters.recipe = ?
    left join cluster_words as words
        on clusters.recipe = words.recipe and clusters.cluster_id = words.cluster_id
"""


def page_after(
    upload: Upload, recipe: str, order: Order, *, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The customers behind a cursor, and the cursor of the next page."""
    beyond, key = after(order, cursor)
    sql = f"select * from ({_LIST}) as listed where {beyond} order by {order_by(order)} limit ?"
    return cut(order, upload.query(sql, [recipe, *key, limit + 1]).dicts(), limit)


def page_number(
    upload: Upload, recipe: str, order: Order, *, number: int, size: int
) -> list[dict[str, Any]]:
    """The customers of a page, from 1."""
    sql = f"select * from ({_LIST}) as listed order by {order_by(order)} limit ? offset ?"
    return upload.query(sql, [recipe, size, (number - 1) * size]).dicts()


def all_rows(upload: Upload, recipe: str, order: Order | None = None) -> Iterator[Rows]:
    """All customers, in batches: what the CSV is made of."""
    order = order or Order("customer_id", "text", False)
    sql = f"select * from ({_LIST}) as listed order by {order_by(order)}"
    return upload.stream(sql, [recipe], batch=CSV_BATCH)


def order_of(column: str, *, is_descending: bool) -> Order:
    """The order by one of the columns of `KINDS`."""
    return Order(column, KINDS[column], is_descending)


def rules(upload: Upload) -> list[dict[str, Any]]:
    """Rows by the rule that decided about them, those that met any."""
    sql = (
        "select disposition, outcome, reason, row_count, unit_count, amount from ledger "
        "where row_count > 0 order by row_count desc, disposition"
    )
    return upload.query(sql, []).dicts()


def segments(upload: Upload) -> list[dict[str, Any]]:
    """Segments of the file's customers, the largest revenue first."""
    sql = (
        "select segment as name, count(*) as customer_count, sum(monetary) as revenue, "
        "median(recency_days) as median_recency_days, median(frequency) as median_frequency, "
        "median(monetary) as median_monetary "
        "from customers group by segment order by revenue desc nulls last, name"
    )
    return upload.query(sql, []).dicts()


def nested(row: dict[str, Any]) -> dict[str, Any]:
    """A customer as the API has it."""
    return row | {
        "predicted_cluster_id": row["cluster_id"],
        "cluster_recommendations": actions(row["cluster_recommendations"]),
        "rfm_values": {
            "recency": row["recency_days"],
            "frequency": row["frequency"],
            "monetary": row["monetary"],
        },
    }


def actions(text: str | None) -> list[str]:
    """Recommended actions, which a seed has in one cell, as a list."""
    return [part.strip().rstrip(".") for part in (text or "").split(";") if part.strip()]


def file_name(what: str, chosen: str, as_of_date: str, row_count: int) -> str:
    """A CSV's name: what it holds, of which filter and date, and how many rows."""
    slug = re.sub(r"[^a-z0-9]+", "_", chosen.lower()).strip("_") or "all"
    return f"{what}_{slug[:60]}_{as_of_date}_{row_count}_rows.csv"
