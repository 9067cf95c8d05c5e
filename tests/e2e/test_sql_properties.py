"""Properties that the compiled SQL must keep on any input."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Build, run_dbt

NOON = datetime(2011, 3, 1, 12)
HOURS = st.integers(0, 24 * 40)
PRICES = st.sampled_from(["1.25", "2.95"])


@pytest.fixture(scope="module")
def compiled(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """SQL of the models under test as dbt compiles it, reading tables named as the models."""
    target = tmp_path_factory.mktemp("compiled")
    selected = ("-s", "int_returns_matched", "int_rfm_scores")
    run_dbt("compile", *selected, warehouse=sample.copied_warehouse(target), target=target)
    found = {
        path.stem: path.read_text(encoding="utf-8") for path in target.rglob("compiled/**/*.sql")
    }
    return {name: re.sub(r'"\w+"\."\w+"\."(\w+)"', r"\1", sql) for name, sql in found.items()}


lines = st.lists(
    st.tuples(
        HOURS, st.sampled_from(["12346", "17850"]), st.sampled_from(["22423", "85123A"]),
        st.integers(1, 4), PRICES, st.booleans(),
    ),
    max_size=14,
)  # fmt: skip


def match(connection: duckdb.DuckDBPyConnection, sql: str, rows: list[Any]) -> list[Any]:
    connection.execute(
        "create or replace table int_transactions_classified (line_id bigint, occurred_at timestamp, "
        "customer_id varchar, stock_code varchar, quantity bigint, price decimal(18, 4), disposition varchar)"
    )
    if rows:
        connection.executemany(
            "insert into int_transactions_classified values (?, ?, ?, ?, ?, ?, ?)", rows
        )
    return connection.execute(
        f"select return_line_id, sale_line_id, is_reversal from ({sql}) order by 1"
    ).fetchall()


def as_rows(drawn: list[Any]) -> list[Any]:
    return [
        (
            at, NOON + timedelta(hours=hour), customer, code,
            -quantity if is_return else quantity, price, "return" if is_return else "sale",
        )
        for at, (hour, customer, code, quantity, price, is_return) in enumerate(drawn)
    ]  # fmt: skip


def expected_matches(rows: list[Any]) -> list[Any]:
    """The rule, one return after the other."""
    left = {row[0]: row[4] for row in rows if row[6] == "sale"}
    sales = sorted((row for row in rows if row[6] == "sale"), key=lambda row: (row[1], row[0]))
    found = []
    for line, when, customer, code, quantity, price, _ in sorted(
        (row for row in rows if row[6] == "return"), key=lambda row: (row[1], row[0])
    ):
        own = [s for s in reversed(sales) if s[2:4] == (customer, code) and s[1] <= when]
        equal = [
            s
            for s in own
            if (s[4], s[5]) == (-quantity, price) and when - s[1] <= timedelta(hours=24)
        ]
        if equal and left[equal[0][0]] == equal[0][4]:
            sale, is_reversal = equal[0], True
        else:
            sale = next((s for s in own if left[s[0]] >= -quantity), None)
            is_reversal = False
        if sale:
            left[sale[0]] += quantity
            found.append((line, sale[0], is_reversal))
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(drawn=lines)
def test_returns_find_their_sales_by_the_rule(compiled: dict[str, str], drawn: list[Any]) -> None:
    rows = as_rows(drawn)
    with duckdb.connect() as connection:
        matches = match(connection, compiled["int_returns_matched"], rows)
        assert matches == expected_matches(rows)
        by_line = {row[0]: row for row in rows}
        for sale in {sale for _, sale, _ in matches}:
            returned = sum(-by_line[line][4] for line, of, _ in matches if of == sale)
            assert returned <= by_line[sale][4]


@settings(max_examples=30, deadline=None)
@given(drawn=lines, hour=HOURS)
def test_later_rows_never_change_an_earlier_match(
    compiled: dict[str, str], drawn: list[Any], hour: int
) -> None:
    rows = as_rows(drawn)
    cut = NOON + timedelta(hours=hour)
    past = [row for row in rows if row[1] < cut]
    times = {row[0]: row[1] for row in rows}
    with duckdb.connect() as connection:
        sql = compiled["int_returns_matched"]
        all_matches = [row for row in match(connection, sql, rows) if times[row[0]] < cut]
        assert match(connection, sql, past) == all_matches


@settings(max_examples=40, deadline=None)
@given(
    customers=st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 5), st.integers(-3, 9)), min_size=1, max_size=40
    )
)
def test_scores_are_equal_for_equals_and_never_lower_for_better(
    compiled: dict[str, str], customers: list[tuple[int, int, int]]
) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create table int_segment_grid as select 'balanced' as rule_set, r as r_score, f as f_score, "
            "m as m_score, 'Lost' as segment from range(1, 6) a(r), range(1, 6) b(f), range(1, 6) c(m)"
        )
        connection.execute(
            "create table int_rfm_values (as_of_date date, customer_id varchar, first_purchase_date date, "
            "last_purchase_date date, recency_days integer, frequency integer, monetary decimal(18, 4))"
        )
        connection.executemany(
            "insert into int_rfm_values values (date '2011-12-10', ?, date '2011-01-01', date '2011-01-01', ?, ?, ?)",
            [(str(at), *values) for at, values in enumerate(customers)],
        )
        scored = connection.execute(
            "select -recency_days, r_score, frequency, f_score, monetary, m_score "
            f"from ({compiled['int_rfm_scores']})"
        ).fetchall()
    assert len(scored) == len(customers)
    for at in (0, 2, 4):
        pairs = sorted({(row[at], row[at + 1]) for row in scored})
        assert len(pairs) == len({value for value, _ in pairs}), "equal values, different scores"
        scores = [score for _, score in pairs]
        assert scores == sorted(scores), "a better value scores lower"
        assert set(scores) <= {1, 2, 3, 4, 5}
