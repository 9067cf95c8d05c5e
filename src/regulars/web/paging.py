"""Pages by key: the next page begins after a row, so that pages neither overlap nor skip."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from regulars.web.problems import Problem

_READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": str,
    "integer": int,
    "decimal": Decimal,
    "double": float,
    "date": date.fromisoformat,
}
_CURSOR_CHARACTERS = 2_000


@dataclass(frozen=True)
class Order:
    """What rows are sorted by; equal ones by customer_id.

    Attributes:
        column: A column of the list: one of those that the code names, never a client's text.
        kind: How its values are written into a cursor.
        is_descending: Whether large values come first; rows without a value come last either way.
    """

    column: str
    kind: str
    is_descending: bool


def encode_cursor(order: Order, row: Mapping[str, Any]) -> str:
    """The cursor that stands behind a row."""
    value = row[order.column]
    document = [
        order.column,
        order.is_descending,
        None if value is None else str(value),
        row["customer_id"],
    ]
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def decode_cursor(order: Order, cursor: str) -> tuple[Any, str]:
    """The value and the customer id that a cursor stands behind.

    Raises:
        Problem: It is no cursor of this order (400).
    """
    refusal = Problem(
        400, "invalid-cursor", "The cursor `after` is none that this list gave for this order."
    )
    if len(cursor) > _CURSOR_CHARACTERS:
        raise refusal
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        column, is_descending, text, customer_id = json.loads(base64.urlsafe_b64decode(padded))
        value = None if text is None else _READERS[order.kind](text)
    except (ValueError, TypeError, InvalidOperation, binascii.Error, RecursionError) as error:
        raise refusal from error
    is_of_order = (column, is_descending) == (order.column, order.is_descending)
    if (
        not is_of_order
        or not isinstance(customer_id, str)
        or (text is not None and not isinstance(text, str))
    ):
        raise refusal
    if isinstance(value, Decimal) and not value.is_finite():
        raise refusal
    return value, customer_id


def after(order: Order, cursor: str | None) -> tuple[str, list[Any]]:
    """The condition that a row comes after the cursor, and its values; true without a cursor."""
    if cursor is None:
        return "true", []
    value, customer_id = decode_cursor(order, cursor)
    if value is None:
        return f"({order.column} is null and customer_id > ?)", [customer_id]
    beyond = "<" if order.is_descending else ">"
    condition = (
        f"({order.column} is null or {order.column} {beyond} ? "
        f"or ({order.column} = ? and customer_id > ?))"
    )
    return condition, [value, value, customer_id]


def order_by(order: Order) -> str:
    """The order of the rows."""
    direction = "desc" if order.is_descending else "asc"
    return f"{order.column} {direction} nulls last, customer_id"


def cut(
    order: Order, rows: Sequence[dict[str, Any]], limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a page, and the cursor of the next; rows are those of the page and one more, if there is."""
    items = list(rows[:limit])
    return items, encode_cursor(order, items[-1]) if len(rows) > limit else None
