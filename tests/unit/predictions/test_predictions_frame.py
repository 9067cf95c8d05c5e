"""Frames at the border of the predictions."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from regulars.errors import UnusableInputError
from regulars.predictions.frame import read_frame


def test_decimals_become_the_nearest_floats() -> None:
    whole = np.random.default_rng(1).integers(-(10**10), 10**10, 2000)
    money = [Decimal(int(number)).scaleb(-4) for number in whole] + [None]
    table = pa.table(
        {
            "revenue": pa.array(money, pa.decimal128(18, 4)),
            "wide": pa.array(money, pa.decimal128(38, 10)),
            "other": pa.array([1] * len(money)),
        }
    )
    frame = read_frame(table, columns=("wide", "revenue"), name="The table")
    wanted = [float(number) for number in money[:-1]] + [np.nan]
    assert list(frame.columns) == ["wide", "revenue"]
    for column in frame:
        np.testing.assert_array_equal(frame[column], wanted)


@pytest.mark.parametrize("as_frame", [pa.Table.from_pandas, pd.DataFrame])
def test_a_missing_column_is_named(as_frame) -> None:
    frame = as_frame(pd.DataFrame({"revenue": [1.0]}))
    with pytest.raises(UnusableInputError, match=r"lacks the columns orders; it has revenue"):
        read_frame(frame, columns=("orders", "revenue"), name="The table")
