from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.web.paging import Order, after, cut, decode_cursor, encode_cursor
from regulars.web.problems import Problem

VALUES = {
    "text": st.text(),
    "integer": st.integers(-(2**62), 2**62),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, places=4),
    "double": st.floats(allow_nan=False, allow_infinity=False),
}


@pytest.mark.parametrize("kind", sorted(VALUES))
@given(data=st.data())
def test_a_cursor_gives_back_what_it_was_made_of(kind: str, data: st.DataObject) -> None:
    order = Order("monetary", kind, data.draw(st.booleans()))
    value = data.draw(st.none() | VALUES[kind])
    customer_id = data.draw(st.text())
    cursor = encode_cursor(order, {"monetary": value, "customer_id": customer_id})
    assert decode_cursor(order, cursor) == (value, customer_id)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(Order("monetary", "decimal", True), cursor)
    assert caught.value.status_code == 400


def test_a_cursor_of_another_order_is_refused() -> None:
    row = {"monetary": Decimal("12.75"), "customer_id": "17850"}
    cursor = encode_cursor(Order("monetary", "decimal", True), row)
    with pytest.raises(Problem):
        decode_cursor(Order("monetary", "decimal", False), cursor)


def test_rows_without_a_value_come_after_all_others() -> None:
    order = Order("clv_90d", "double", True)
    none = encode_cursor(order, {"clv_90d": None, "customer_id": "17850"})
    assert after(order, none) == ("(clv_90d is null and customer_id > ?)", ["17850"])
    condition, values = after(order, encode_cursor(order, {"clv_90d": 1.5, "customer_id": "1"}))
    assert condition.startswith("(clv_90d is null or clv_90d < ?")
    assert values == [1.5, 1.5, "1"]


def test_one_row_more_than_a_page_makes_a_next_page() -> None:
    order = Order("customer_id", "text", False)
    rows = [{"customer_id": str(number)} for number in range(4)]
    items, following = cut(order, rows, 3)
    assert len(items) == 3
    assert decode_cursor(order, following)[1] == "2"
    assert cut(order, rows, 4)[1] is None
