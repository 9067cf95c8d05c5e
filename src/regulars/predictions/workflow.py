"""From frames to tables: backtests, the choice of who serves, and the models that do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from regulars.errors import UnusableInputError
from regulars.intervals import IntervalModel
from regulars.percentiles import QuantileTable
from regulars.predictions.backtest import (
    RECIPE_TASKS,
    Backtest,
    calibration_table,
    confusion_table,
    decision_threshold,
    gains_table,
    run_backtests,
    threshold_table,
)
from regulars.predictions.frame import (
    SHOP_DAY_COLUMNS,
    SHOP_WINDOW_COLUMNS,
    known_on,
    read_frame,
    read_snapshots,
)
from regulars.predictions.importance import feature_importance
from regulars.predictions.judge import champions, judge, tier_figures
from regulars.predictions.ladder import (
    SEGMENT_RATES,
    TASKS,
    Evidence,
    choose_rung,
    gather_evidence,
)
from regulars.predictions.process_parts import reference_customer
from regulars.predictions.score import Serving
from regulars.predictions.settings import PredictionSettings
from regulars.predictions.train import (
    LABEL_DAYS,
    PROCESS,
    RECIPE,
    Forecaster,
    Origin,
    describe_origins,
    train_forecaster,
)
from regulars.predictions.value_intervals import fit_value_intervals

# Customers that the shop's rates count for in a segment's own.
PRIOR_CUSTOMERS = 10.0


@dataclass(frozen=True)
class Predictions:
    """All tables of a training run.

    Attributes:
        serving: The models that serve; `serving.to_registry()` are the rows to keep.
        registry: Those rows.
        eligibility: Task, horizon, rung, reason and what was measured.
        backtest: See `regulars.predictions.judge.judge`.
        calibration: Predicted and actual by decile.
        gains: Captured share by decile.
        thresholds: What contacting from each churn probability on would have brought.
        confusion: Customers by predicted and actual window of the next order.
        importance: Features by task.
    """

    serving: Serving
    registry: pd.DataFrame
    eligibility: pd.DataFrame
    backtest: pd.DataFrame
    calibration: pd.DataFrame
    gains: pd.DataFrame
    thresholds: pd.DataFrame
    confusion: pd.DataFrame
    importance: pd.DataFrame


def train_and_judge(
    snapshots: pd.DataFrame | pa.Table,
    *,
    shop_days: pd.DataFrame | pa.Table,
    shop_windows: pd.DataFrame | pa.Table,
    date: pd.Timestamp,
    customer_count: int,
    settings: PredictionSettings,
) -> Predictions:
    """Backtest, choose who serves each task, and train with everything known on a date.

    Args:
        snapshots: See `regulars.predictions.frame`; outcomes of windows that end after the date are
            left out here, so nothing after it can reach what is served.
        shop_days: One row per day with a sale.
        shop_windows: One row per finished window.
        date: First day that is not counted.
        customer_count: Customers of the shop on the date, those outside the training sample included.
        settings: Business numbers.

    Raises:
        UnusableInputError: A column is missing, or there is no customer or no sale before the date.
    """
    known = known_on(read_snapshots(snapshots), date=date)
    days = read_frame(shop_days, columns=SHOP_DAY_COLUMNS, name="The shop days")
    days = days[days["sold_date"] < date].sort_values("sold_date", ignore_index=True)
    windows = read_frame(shop_windows, columns=SHOP_WINDOW_COLUMNS, name="The shop windows")
    if days.empty or not (known["as_of_date"] == date).any():
        raise UnusableInputError(f"There is no customer with a sale before {date:%Y-%m-%d}.")
    origins = _origins(known, days, settings)
    first_date = days["sold_date"].iloc[0]
    evidence = gather_evidence(
        origins,
        date=date,
        first_date=first_date,
        customer_count=customer_count,
        settings=settings,
    )
    backtests = run_backtests(
        origins, date=date, first_date=first_date, shop_windows=windows, settings=settings
    )
    figures = judge(backtests, settings=settings)
    rungs = _rungs(evidence, figures, settings)
    forecaster = None
    if choose_rung(evidence, settings=settings)[0] != SEGMENT_RATES:
        forecaster = train_forecaster(
            origins,
            date=date,
            shop_windows=windows,
            customer_count=customer_count,
            recipes=_recipes(rungs),
            settings=settings,
        )
    own = next((origin for origin in origins if origin.date == date), None)
    serving = _serving(date, forecaster, own, backtests, figures, rungs, known, settings)
    return Predictions(
        serving,
        serving.to_registry(),
        _eligibility(rungs, evidence, date),
        figures,
        calibration_table(backtests),
        gains_table(backtests),
        threshold_table(backtests, settings=settings),
        confusion_table(backtests),
        feature_importance(serving, own.described if own else None),
    )


def _origins(known: pd.DataFrame, days: pd.DataFrame, settings: PredictionSettings) -> list[Origin]:
    """Described snapshots of the dates with enough customers for a purchase process."""
    counts = known.groupby("as_of_date")["customer_id"].transform("size")
    enough = known[counts >= settings.segment_rates_below_customers]
    return describe_origins(enough, shop_days=days, season_days=settings.season_days)


def _rungs(
    evidence: Evidence, figures: pd.DataFrame, settings: PredictionSettings
) -> dict[str, tuple[str, str]]:
    rung, reason = choose_rung(evidence, settings=settings)
    decided = champions(figures)
    rungs = {}
    for task, days in TASKS:
        won, words = decided.get((task, days), decided.get((task, LABEL_DAYS), (False, "")))
        if rung == RECIPE and not won:
            words = words or "No backtest has judged the full recipe."
            rungs[f"{task}_{days}"] = (PROCESS, f"The recipe did not beat BG/NBD. {words}")
        else:
            rungs[f"{task}_{days}"] = (
                rung,
                f"{reason} {words}".strip() if rung == RECIPE else reason,
            )
    return rungs


def _recipes(rungs: dict[str, tuple[str, str]]) -> frozenset[str]:
    return frozenset(task for task in RECIPE_TASKS if rungs[f"{task}_{LABEL_DAYS}"][0] == RECIPE)


def _serving(
    date: pd.Timestamp,
    forecaster: Forecaster | None,
    own: Origin | None,
    backtests: Sequence[Backtest],
    figures: pd.DataFrame,
    rungs: dict[str, tuple[str, str]],
    known: pd.DataFrame,
    settings: PredictionSettings,
) -> Serving:
    value_table = churn_table = rank_table = reference = None
    intervals: dict[int, IntervalModel] = {}
    if forecaster and own:
        forecast = forecaster.forecast(own.described)
        value_table = QuantileTable.fit(forecast.value[LABEL_DAYS])
        churn_table = QuantileTable.fit(forecast.churn[LABEL_DAYS])
        rank_table = QuantileTable.fit(forecast.value_rank)
        reference = reference_customer(own.described.history)
        intervals = {
            days: model
            for days in forecaster.value_scales
            if (model := fit_value_intervals(backtests, days, settings=settings))
        }
    return Serving(
        date,
        forecaster,
        {} if forecaster else _segment_rates(known),
        intervals,
        value_table,
        churn_table,
        rank_table,
        reference,
        rungs,
        tier_figures(figures),
        decision_threshold(backtests, settings=settings),
        settings,
    )


def _segment_rates(known: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Share lost and mean value by segment in the last finished window; "" is for all."""
    finished = known[known[f"orders_{LABEL_DAYS}d"].notna()]
    if finished.empty:
        return {}
    last = finished[finished["as_of_date"] == finished["as_of_date"].max()]
    lost, value = last[f"orders_{LABEL_DAYS}d"] == 0, last[f"revenue_{LABEL_DAYS}d"]
    rates = {"": {"lost": float(lost.mean()), "value": float(value.mean())}}
    for segment, rows in last.groupby("segment"):
        weight = len(rows) + PRIOR_CUSTOMERS
        rates[str(segment)] = {
            "lost": (float(lost[rows.index].sum()) + PRIOR_CUSTOMERS * rates[""]["lost"]) / weight,
            "value": (float(value[rows.index].sum()) + PRIOR_CUSTOMERS * rates[""]["value"])
            / weight,
        }
    return rates


def _eligibility(
    rungs: dict[str, tuple[str, str]], evidence: Evidence, date: pd.Timestamp
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "as_of_date": date,
                "task": task,
                "horizon_days": days,
                "rung": rungs[f"{task}_{days}"][0],
                "reason": rungs[f"{task}_{days}"][1],
                "customer_count": evidence.customer_count,
                "history_days": evidence.history_days,
                "origin_count": evidence.origin_count,
                "labelled_days": evidence.labelled_days,
                "is_process_converged": evidence.is_converged,
            }
            for task, days in TASKS
        ]
    )
