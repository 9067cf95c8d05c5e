"""Scoring from registry rows alone: any batch, one customer or a million, gives the same scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from regulars.errors import UnusableInputError
from regulars.intervals import IntervalModel
from regulars.linear import LinearModel
from regulars.percentiles import QuantileTable
from regulars.predictions.churn import ChurnModel
from regulars.predictions.frame import SCORING_COLUMNS, read_frame
from regulars.predictions.recipes import FEATURES, Backbone, Described
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import LABEL_DAYS, Forecast, Forecaster
from regulars.predictions.value import ValueModel
from regulars.predictions.window import WINDOWS, WindowModel, days_to_next_order
from regulars.threads import single_threaded

LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn", "scipy")
MODEL_VERSION = "1"
CLV_TIERS = ("Low", "Mid", "High", "Premium")
RISK_BANDS = ("Low", "Medium", "High")

# A served churn probability is kept this far below 1 where it divides.
SMALLEST_CHANCE = 1e-3


@dataclass(frozen=True)
class Serving:
    """All that scoring needs, and all that the registry holds.

    Attributes:
        date: First day that is not counted.
        forecaster: The trained models; None on the rung of segment rates.
        segment_rates: Share lost and mean value per segment ("" for all); empty where none is known.
        intervals: By horizon in days; absent where too few backtests.
        value_table: Distribution of clv_90d; None without a forecaster.
        churn_table: Distribution of churn_probability_90d; None without a forecaster.
        rank_table: Distribution of the ranking score; None without a forecaster.
        reference: The customer that reasons compare with; None without a forecaster.
        rungs: By "task_horizon": rung and reason.
        tiers: Backtest figures per confidence tier.
        threshold: The decision threshold with its figures; None where none was chosen.
        settings: Business numbers as used.
    """

    date: pd.Timestamp
    forecaster: Forecaster | None
    segment_rates: Mapping[str, Mapping[str, float]]
    intervals: Mapping[int, IntervalModel]
    value_table: QuantileTable | None
    churn_table: QuantileTable | None
    rank_table: QuantileTable | None
    reference: Mapping[str, float] | None
    rungs: Mapping[str, tuple[str, str]]
    tiers: Mapping[str, Mapping[str, float]]
    threshold: Mapping[str, Any] | None
    settings: PredictionSettings

    def to_registry(self) -> pd.DataFrame:
        """One row per model: parameters as JSON and trees as LightGBM's text, nothing else."""
        rows = [self._row("serving", "all", None, self._serving_parameters(), None)]
        forecaster = self.forecaster
        if forecaster:
            rows.append(
                self._row(
                    "backbone", "purchase_process", None, forecaster.backbone.parameters(), None
                )
            )
            if forecaster.churn:
                parameters = forecaster.churn.parameters()
                rows.append(self._row("churn_linear", "churn", 90, parameters, None))
                rows.append(self._row("churn_trees", "churn", 90, {}, forecaster.churn.trees_text))
            if forecaster.value:
                for name in ("tweedie", "order", "rank"):
                    text = getattr(forecaster.value, f"{name}_text")
                    linear = forecaster.value.rank_linear.parameters() if name == "rank" else {}
                    rows.append(self._row(f"value_{name}", "value", 90, linear, text))
            if forecaster.window:
                text = forecaster.window.trees_text
                rows.append(self._row("window_trees", "next_purchase", 90, {}, text))
        registry = pd.DataFrame(rows)
        registry["horizon_days"] = registry["horizon_days"].astype("Int64")
        return registry

    def _row(
        self, name: str, task: str, days: int | None, parameters: object, text: str | None
    ) -> dict[str, object]:
        origins = self.forecaster.origins if self.forecaster else ()
        return {
            "model_name": name,
            "model_version": MODEL_VERSION,
            "task": task,
            "horizon_days": days,
            "as_of_date": self.date,
            "origins": json.dumps([f"{origin:%Y-%m-%d}" for origin in origins]),
            "feature_names": json.dumps(list(FEATURES)),
            "parameters": json.dumps(parameters, allow_nan=True),
            "model_text": text,
            "library_versions": json.dumps({name: version(name) for name in LIBRARIES}),
        }

    def _serving_parameters(self) -> dict[str, object]:
        forecaster = self.forecaster
        return {
            "churn_shifts": dict(forecaster.churn_shifts) if forecaster else {},
            "value_scales": dict(forecaster.value_scales) if forecaster else {},
            "segment_rates": self.segment_rates,
            "intervals": {days: model.parameters() for days, model in self.intervals.items()},
            "value_table": _table_parameters(self.value_table),
            "churn_table": _table_parameters(self.churn_table),
            "rank_table": _table_parameters(self.rank_table),
            "reference": self.reference,
            "rungs": {task: list(rung) for task, rung in self.rungs.items()},
            "tiers": self.tiers,
            "threshold": self.threshold,
            "settings": vars(self.settings),
        }


def _table_parameters(table: QuantileTable | None) -> dict[str, list[float]] | None:
    return {"values": list(table.values), "places": list(table.places)} if table else None


def _table(parameters: Mapping[str, Sequence[float]] | None) -> QuantileTable | None:
    if parameters is None:
        return None
    return QuantileTable(tuple(parameters["values"]), tuple(parameters["places"]))


def read_registry(registry: pd.DataFrame | pa.Table) -> Serving:
    """The serving models from their registry rows.

    Raises:
        UnusableInputError: The rows lack the row named serving, or are trained on other features.
    """
    frame = registry.to_pandas() if isinstance(registry, pa.Table) else registry
    rows = {row.model_name: row for row in frame.itertuples()}
    if "serving" not in rows:
        raise UnusableInputError(
            f"The registry lacks the model serving; it has {', '.join(sorted(rows)) or 'no row'}."
        )
    serving = rows["serving"]
    if json.loads(serving.feature_names) != list(FEATURES):
        raise UnusableInputError(
            "The registry's models were trained on other features than this version computes: "
            "build the models again."
        )
    parameters = json.loads(serving.parameters)
    date = pd.Timestamp(serving.as_of_date)
    return Serving(
        date,
        _read_forecaster(rows, parameters, date),
        parameters["segment_rates"],
        {
            int(days): IntervalModel.from_parameters(model)
            for days, model in parameters["intervals"].items()
        },
        _table(parameters["value_table"]),
        _table(parameters["churn_table"]),
        _table(parameters["rank_table"]),
        parameters["reference"],
        {task: (rung, reason) for task, (rung, reason) in parameters["rungs"].items()},
        parameters["tiers"],
        parameters["threshold"],
        PredictionSettings(**parameters["settings"]),
    )


def _read_forecaster(
    rows: Mapping[str, Any], parameters: Mapping[str, Any], date: pd.Timestamp
) -> Forecaster | None:
    if "backbone" not in rows:
        return None
    churn = value = window = None
    if "churn_trees" in rows:
        churn = ChurnModel.from_parameters(
            json.loads(rows["churn_linear"].parameters), rows["churn_trees"].model_text
        )
    if "value_rank" in rows:
        value = ValueModel(
            *(rows[f"value_{name}"].model_text for name in ("tweedie", "order", "rank")),
            LinearModel.from_parameters(json.loads(rows["value_rank"].parameters)),
        )
    if "window_trees" in rows:
        window = WindowModel(rows["window_trees"].model_text)
    return Forecaster(
        date,
        tuple(pd.Timestamp(day) for day in json.loads(rows["serving"].origins)),
        Backbone.from_parameters(json.loads(rows["backbone"].parameters)),
        churn,
        value,
        window,
        {int(days): shift for days, shift in parameters["churn_shifts"].items()},
        {int(days): scale for days, scale in parameters["value_scales"].items()},
    )


def score_batch(serving: Serving, batch: pd.DataFrame | pa.Table) -> pd.DataFrame:
    """Score customers: one row each, sorted as they came; NULL with a reason where none can be given.

    Args:
        serving: As `read_registry` gives it.
        batch: Rows of the scoring date with the columns SCORING_COLUMNS of `frame`.
    """
    frame = read_frame(batch, columns=SCORING_COLUMNS, name="The batch")
    if serving.forecaster is None:
        return _by_segment_rates(serving, frame)
    with single_threaded():
        described = serving.forecaster.backbone.describe(frame)
        forecast = serving.forecaster.forecast(described)
    return _finish(serving, frame, described, forecast)


def _finish(
    serving: Serving, frame: pd.DataFrame, described: Described, forecast: Forecast
) -> pd.DataFrame:
    churn, value = forecast.churn, forecast.value
    scores = _keys(frame, serving)
    for days, probability in churn.items():
        scores[f"churn_probability_{days}d"] = probability
    for days, money in value.items():
        scores[f"clv_{days}d"] = money
        scores |= _interval_columns(serving, days, money, described, churn)
    scores["is_clv_365d_low_confidence"] = np.ones(len(frame), dtype=bool)
    scores["value_rank_90d"] = serving.rank_table.transform(forecast.value_rank)
    scores |= _business_columns(serving, churn[LABEL_DAYS], value[LABEL_DAYS])
    scores |= _window_columns(described, forecast)
    scores |= _process_columns(described)
    return pd.DataFrame(scores)[list(SCORE_COLUMNS)]


def _keys(frame: pd.DataFrame, serving: Serving) -> dict[str, Any]:
    tiers = frame["confidence_tier"].to_numpy()
    rung, reason = serving.rungs["churn_90"]
    return {
        "as_of_date": np.full(len(frame), serving.date.to_datetime64()),
        "customer_id": frame["customer_id"].to_numpy(),
        "confidence_tier": tiers,
        "tier_churn_roc_auc": _tier_figure(serving, tiers, "churn_roc_auc"),
        "tier_value_spearman": _tier_figure(serving, tiers, "value_spearman"),
        "churn_model": np.full(len(frame), rung, dtype=object),
        "churn_model_reason": np.full(len(frame), reason, dtype=object),
        "value_model": np.full(len(frame), serving.rungs["value_90"][0], dtype=object),
        "is_withheld": np.zeros(len(frame), dtype=bool),
        "withheld_reason": np.full(len(frame), None, dtype=object),
    }


def _tier_figure(serving: Serving, tiers: np.ndarray, name: str) -> np.ndarray:
    return np.array([serving.tiers.get(tier, {}).get(name, np.nan) for tier in tiers], dtype=float)


def _interval_columns(
    serving: Serving,
    days: int,
    money: np.ndarray,
    described: Described,
    churn: Mapping[int, np.ndarray],
) -> dict[str, np.ndarray]:
    missing = np.full(len(money), np.nan)
    low = high = upper = missing
    if days in serving.intervals:
        no_order = churn.get(days, described.no_order[days])
        low, high, upper = serving.intervals[days].bounds(
            money, no_order=no_order, order_count=described.order_count
        )
    return {f"clv_{days}d_low": low, f"clv_{days}d_high": high, f"clv_{days}d_upper_90": upper}


def _business_columns(
    serving: Serving, churn: np.ndarray, value: np.ndarray
) -> dict[str, np.ndarray]:
    settings = serving.settings
    if_active = value / np.maximum(1 - churn, SMALLEST_CHANCE)
    at_risk = churn * if_active
    place = serving.value_table.transform(value)
    churn_place = serving.churn_table.transform(churn)
    bands = np.searchsorted(
        [settings.risk_medium_from, settings.risk_high_from], churn, side="right"
    )
    gain = settings.contact_success_rate * at_risk * settings.margin - settings.contact_cost
    above = np.full(len(churn), None)
    if serving.threshold:
        above = churn >= serving.threshold["threshold"]
    return {
        "churn_decile": _group_of(churn_place, 10),
        "churn_risk_band": np.array(RISK_BANDS, dtype=object)[bands],
        "is_above_contact_threshold": above,
        "clv_percentile": place,
        "clv_tier": np.array(CLV_TIERS, dtype=object)[_group_of(place, 4) - 1],
        "clv_decile": _group_of(place, 10),
        "value_if_active_90d": if_active,
        "value_at_risk_90d": at_risk,
        "campaign_priority_score": gain,
    }


def _group_of(place: np.ndarray, groups: int) -> np.ndarray:
    return np.minimum(np.floor(place * groups), groups - 1).astype(int) + 1


def _window_columns(described: Described, forecast: Forecast) -> dict[str, np.ndarray]:
    chances = forecast.windows
    repeats = described.order_count > 1
    columns: dict[str, np.ndarray] = {
        "next_order_within_30d_probability": chances[:, 0],
        "next_order_31_to_90d_probability": chances[:, 1],
        "no_order_within_90d_probability": chances[:, 2],
        "next_purchase_window": np.array(WINDOWS, dtype=object)[chances.argmax(axis=1)],
    }
    for name, quantile in (("low", 0.1), ("expected", 0.5), ("high", 0.9)):
        days = np.round(days_to_next_order(described, quantile=quantile))
        columns[f"next_order_days_{name}"] = np.where(repeats, days, np.nan)
    return columns


def _process_columns(described: Described) -> dict[str, np.ndarray]:
    columns = {
        f"expected_orders_{days}d": described.expected_orders[days] for days in (30, 90, 180)
    }
    return columns | {
        "no_order_probability_90d": described.no_order[LABEL_DAYS],
        "expected_order_value": described.order_value,
        "alive_probability": described.alive,
        "is_order_value_of_one_order": described.order_count < 2,
    }


def _by_segment_rates(serving: Serving, frame: pd.DataFrame) -> pd.DataFrame:
    rates = serving.segment_rates
    reason = serving.rungs["churn_90"][1]
    scores = _keys(frame, serving)
    found = [rates.get(segment, rates.get("")) for segment in frame["segment"]]
    for name, column in (("lost", "churn_probability_90d"), ("value", "clv_90d")):
        scores[column] = np.array([rate[name] if rate else np.nan for rate in found], dtype=float)
    scores["is_withheld"] = np.array([rate is None for rate in found], dtype=bool)
    scores["withheld_reason"] = np.array(
        [None if rate else f"{reason} No finished window to take rates from." for rate in found],
        dtype=object,
    )
    return pd.DataFrame(scores).reindex(columns=SCORE_COLUMNS)


SCORE_COLUMNS = (
    "as_of_date", "customer_id", "confidence_tier", "tier_churn_roc_auc", "tier_value_spearman",
    "churn_model", "churn_model_reason", "value_model", "is_withheld", "withheld_reason",
    "churn_probability_90d", "churn_probability_180d",
    "clv_90d", "clv_90d_low", "clv_90d_high", "clv_90d_upper_90",
    "clv_180d", "clv_180d_low", "clv_180d_high", "clv_180d_upper_90",
    "clv_365d", "clv_365d_low", "clv_365d_high", "clv_365d_upper_90",
    "is_clv_365d_low_confidence", "value_rank_90d", "churn_decile", "churn_risk_band",
    "is_above_contact_threshold", "clv_percentile", "clv_tier", "clv_decile",
    "value_if_active_90d", "value_at_risk_90d", "campaign_priority_score",
    "next_order_within_30d_probability", "next_order_31_to_90d_probability",
    "no_order_within_90d_probability", "next_purchase_window",
    "next_order_days_low", "next_order_days_expected", "next_order_days_high",
    "expected_orders_30d", "expected_orders_90d", "expected_orders_180d",
    "no_order_probability_90d", "expected_order_value", "alive_probability",
    "is_order_value_of_one_order",
)  # fmt: skip
