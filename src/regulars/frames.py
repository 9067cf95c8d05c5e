"""The border to the frames that data scientists bring: pandas, Polars and Arrow go in and come out alike."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoDataFrame

from regulars.errors import MissingColumnsError

# What pandas 3 calls "str": text that may be missing. pandas 2 writes the word None for it.
TEXT = pd.StringDtype(na_value=np.nan)


def read_native(frame: IntoDataFrame, *, columns: Sequence[str], name: str) -> nw.DataFrame:
    """The frame behind one interface, with the columns that are needed.

    Args:
        frame: pandas, Polars, Arrow or anything else that narwhals knows, in memory.
        columns: Columns that must be there; others are left out.
        name: What to call the frame in messages.

    Returns:
        The columns, in this order.

    Raises:
        MissingColumnsError: A column is missing.
        TypeError: It is no frame.
    """
    read = nw.from_native(frame, eager_only=True)
    missing = [column for column in columns if column not in read.columns]
    if missing:
        raise MissingColumnsError(
            f"{name} lack the columns {', '.join(missing)}; there are {', '.join(read.columns)}.",
            found=read.columns,
            missing=missing,
        )
    return read.select(*columns)
