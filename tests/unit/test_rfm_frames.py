from __future__ import annotations

import sys
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import regulars as rg
from regulars.errors import InvalidSettingError, MissingColumnsError, UnusableInputError
from regulars.rfm_frames import equal_scores
from tests.conftest import ROOT

ORDERS = {
    "customer_id": ["13085", "13085", "13078", None, "15362", "13085"],
    "order_id": ["489434", "489434", "489435", "489436", "489437", "489438"],
    "ordered_at": [
        datetime(2010, 12, 1, 7, 45),
        datetime(2010, 12, 1, 7, 46),
        datetime(2011, 11, 5, 9, 10),
        datetime(2011, 12, 1),
        datetime(2011, 12, 9, 12, 50),
        datetime(2011, 12, 10),
    ],
    "revenue": [83.4, 27.0, 25.5, 10.0, 5.95, 500.0],
}
KINDS = [
    pytest.param(pd.DataFrame, id="pandas"),
    pytest.param(pl.DataFrame, id="polars"),
    pytest.param(pa.table, id="arrow"),
]


def rows(frame: object) -> list[dict]:
    if isinstance(frame, pd.DataFrame):
        return frame.to_dict("records")
    return frame.to_dicts() if isinstance(frame, pl.DataFrame) else frame.to_pylist()


@pytest.mark.parametrize("make", KINDS)
def test_a_frame_comes_out_as_it_went_in(make) -> None:
    orders = make(ORDERS)
    found = rg.rfm(orders, as_of="2011-12-10")
    assert type(found) is type(orders)
    assert [tuple(row.values()) for row in rows(found)] == [
        ("13078", 35, 1, 25.5, 3, 3, 3, "333"),
        ("13085", 374, 1, 110.4, 1, 3, 5, "135"),
        ("15362", 1, 1, 5.95, 5, 3, 1, "531"),
    ]


def test_the_day_itself_is_not_counted() -> None:
    orders = pd.DataFrame(ORDERS)
    later = rows(rg.rfm(orders, as_of=date(2011, 12, 11)))
    assert (later[1]["frequency"], later[1]["recency_days"], later[1]["monetary"]) == (2, 1, 610.4)


def test_equal_values_score_equally_and_larger_ones_never_lower() -> None:
    values = np.random.default_rng(3).integers(0, 30, 500)
    scores = equal_scores(values)
    assert set(scores) == {1, 2, 3, 4, 5}
    by_value = {value: set(scores[values == value]) for value in set(values)}
    assert all(len(own) == 1 for own in by_value.values())
    ordered = [by_value[value].pop() for value in sorted(by_value)]
    assert ordered == sorted(ordered)
    assert set(equal_scores(np.ones(7))) == {3}


@pytest.mark.parametrize("make", KINDS)
def test_segments_follow_the_rules(make) -> None:
    rules = pd.read_csv(ROOT / "seeds/segmentation/segment_rules.csv")
    table = make(rules.to_dict("list"))
    scored = rg.rfm(make(ORDERS), as_of="2011-12-10")
    found = rg.segments(scored, rules=table, rule_set="balanced")
    assert [row["segment"] for row in rows(found)] == ["Need Attention", "Can't Lose Them", "Potential Loyalists"]  # fmt: skip
    with pytest.raises(InvalidSettingError, match="balanced"):
        rg.segments(scored, rules=table, rule_set="horoscope")


@pytest.mark.parametrize("make", KINDS)
def test_purchase_histories_fit_the_process(make) -> None:
    found = rg.purchase_histories(make(ORDERS), as_of="2011-12-11")
    row = rows(found)[1]
    assert (row["x"], row["t_x"], row["T"], row["mean_spend"]) == (1, 374, 375, 500.0)
    model = rg.BGNBD(ridge=0.01).fit(x=found["x"], t_x=found["t_x"], T=found["T"])
    assert model.r_ > 0


def test_what_is_wrong_is_named() -> None:
    orders = pd.DataFrame(ORDERS)
    with pytest.raises(
        MissingColumnsError, match="lack the columns revenue; there are customer_id"
    ):
        rg.rfm(orders.drop(columns="revenue"), as_of="2011-12-10")
    with pytest.raises(InvalidSettingError, match="2011-12-10"):
        rg.rfm(orders, as_of="10/12/2011")
    with pytest.raises(UnusableInputError, match="before 2001-01-01"):
        rg.rfm(orders, as_of="2001-01-01")
    with pytest.raises(TypeError):
        rg.rfm([1, 2], as_of="2011-12-10")
    with pytest.raises(AttributeError, match="no attribute 'horoscope'"):
        _ = rg.horoscope


def test_the_names_are_there_before_they_are_imported() -> None:
    assert {"rfm", "BGNBD"} <= set(dir(rg))
    assert callable(rg.rfm)
    assert "regulars.rfm_frames" in sys.modules
