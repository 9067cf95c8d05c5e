"""The tables of a training run as rows of JSON, so that one dbt model can hand over all of them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.predictions.judge import OURS
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.workflow import Predictions, train_and_judge

DOCUMENT_COLUMNS = ("table_name", "row_number", "content")


def train_as_documents(
    snapshots: pa.Table,
    *,
    shop_days: pa.Table,
    shop_windows: pa.Table,
    date: pd.Timestamp,
    customer_count: int,
    settings: PredictionSettings,
) -> pd.DataFrame:
    """`regulars.predictions.workflow.train_and_judge`, its tables as by `as_documents`."""
    return as_documents(
        train_and_judge(
            snapshots,
            shop_days=shop_days,
            shop_windows=shop_windows,
            date=date,
            customer_count=customer_count,
            settings=settings,
        )
    )


def as_documents(predictions: Predictions) -> pd.DataFrame:
    """All tables of a training run in one frame.

    Registry rows get the column metrics: JSON of our figures on the latest judged origin of their task.

    Args:
        predictions: See `regulars.predictions.workflow.train_and_judge`.

    Returns:
        Columns table_name, row_number (from 1 in each table) and content: the row as a JSON object, in
        which dates are written YYYY-MM-DD and NaN, infinities and missing values are null.
    """
    registry = predictions.registry.assign(
        metrics=[
            _latest_metrics(predictions.backtest, task) for task in predictions.registry["task"]
        ]
    )
    tables = {
        "registry": registry,
        "eligibility": predictions.eligibility,
        "backtest": predictions.backtest,
        "calibration": predictions.calibration,
        "gains": predictions.gains,
        "thresholds": predictions.thresholds,
        "confusion": predictions.confusion,
        "importance": predictions.importance,
    }
    rows = [
        (name, number, json.dumps(_plain_row(row), allow_nan=False))
        for name, table in tables.items()
        for number, row in enumerate(table.to_dict("records"), start=1)
    ]
    return pd.DataFrame(rows, columns=list(DOCUMENT_COLUMNS))


def _latest_metrics(figures: pd.DataFrame, task: str) -> str | None:
    if figures.empty or task not in set(figures["task"]):
        return None
    rows = figures[
        (figures["task"] == task) & (figures["model"] == OURS) & (figures["slice_type"] == "all")
    ]
    latest = rows[rows["origin"] == rows["origin"].max()]
    return json.dumps(
        [
            {name: value for name, value in _plain_row(row).items() if value is not None}
            for row in latest.to_dict("records")
        ]
    )


def _plain_row(row: dict[str, Any]) -> dict[str, object]:
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
