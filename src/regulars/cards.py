"""Model cards: what each prediction is, how it did, and what it is no good for, from a published database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined

from regulars.warehouse import open_read_only

OURS, RANK, BG_NBD = "ours", "ours_rank", "bg_nbd"
FEATURES_SHOWN = 10
# How models are called in the tables, in order.
MODEL_NAMES = {
    OURS: "served recipe",
    RANK: "ranking score",
    BG_NBD: "BG/NBD",
    "same_window_last_year": "same window last year",
    "historical_rate": "historical rate",
    "last_period": "last period",
    "recency_only": "recency only",
}
FIGURE_NAMES = {
    "roc_auc": "ROC-AUC",
    "brier": "Brier",
    "calibration_error": "calibration error",
    "top_decile_precision": "precision in the top tenth",
    "gini": "normalised Gini",
    "spearman": "Spearman",
    "predicted_to_actual": "predicted / actual",
    "interval_coverage": "within the interval",
    "upper_90_coverage": "up to the upper bound",
}


@dataclass(frozen=True)
class Card:
    """What a card says that the database does not.

    Attributes:
        file_name: Name of the Markdown file.
        title: Headline.
        purpose: What the prediction is, in a sentence.
        target: What is predicted, exactly.
        method: How.
        intended: What it is for.
        not_for: What it is no good for.
        limits: What to keep in mind.
        figures: Columns of model_backtest to show; the first decides who serves.
        coverages: Those of intervals, which are shown by tier too.
        horizons: In days; the first is shown in detail.
        has_threshold: Whether a contact threshold is chosen on it.
    """

    file_name: str
    title: str
    purpose: str
    target: str
    method: str
    intended: str
    not_for: str
    limits: tuple[str, ...]
    figures: tuple[str, ...]
    coverages: tuple[str, ...]
    horizons: tuple[int, ...]
    has_threshold: bool


CARDS = {
    "churn": Card(
        file_name="churn.md",
        title="Churn: no order in the next 90 or 180 days",
        purpose="The chance that a customer places no order in the days that follow.",
        target="1 if there is no order that stands in the 90 (180) days from the date on, else 0",
        method="mean of the centred logits of BG/NBD, a linear model and gradient-boosted trees on features as percentiles of their date; the level is forecast apart",
        intended="ranking customers for retention, with a control group; counting how many will not come back",
        not_for="calling a customer lost for good: an occasional buyer with a chance of .8 is no more lost than last year",
        limits=(
            "What is missing is information, not method: a model trained on the judged window's own outcomes gains little more.",
            "P(alive) of BG/NBD is 1 for one-time buyers and is never used as churn.",
            "Customers who are new, or of a single order, are told apart least well: see the tiers.",
        ),
        figures=("roc_auc", "brier", "calibration_error", "top_decile_precision"),
        coverages=(),
        horizons=(90, 180),
        has_threshold=True,
    ),
    "value": Card(
        file_name="value.md",
        title="Customer value: net revenue in the next 90 or 180 days",
        purpose="What a customer is expected to spend in the days that follow, less returns.",
        target="money: orders of the window as they stand at its end, less returns matched to them by then; never below 0",
        method="log-mean of BG/NBD with Gamma-Gamma, its seasonal variant, Tweedie trees and hurdle trees on percentiles; totals are forecast apart; lists are ordered by a ranking score",
        intended="ordering customers by what they will be worth; sums over segments; budgets",
        not_for="a promise about one customer: read the interval",
        limits=(
            "clv_365d extends the corrections of 90 days to a year and is marked low confidence: only origins a year old or older can be judged.",
            "Intervals aim at the share var prediction_interval_coverage (80 %) and the upper bound at 90 %; each date's are of windows over by then, and there is none where no window was.",
            "An 80 % interval that holds 0 covers at least the share of customers who do not return.",
            "One large wholesale order decides the total of a quarter; order lines of the var large_order_line_revenue and more are left out of the levels.",
        ),
        figures=("gini", "spearman", "predicted_to_actual"),
        coverages=("interval_coverage", "upper_90_coverage"),
        horizons=(90, 180, 365),
        has_threshold=False,
    ),
    "next_purchase": Card(
        file_name="next_purchase.md",
        title="Next purchase: within 30 days, in 31 to 90, or not in 90",
        purpose="When a customer will order next, in three windows.",
        target="days to the next order that stands: at most 30, 31 to 90, none in 90",
        method="gradient-boosted trees on percentiles and BG/NBD, the last window set by the churn probability",
        intended="timing of reminders",
        not_for="a date to rely on: the expected date is given for repeat buyers, with an interval",
        limits=(
            "The middle window is the hardest: most of the gain is in telling the other two apart.",
        ),
        figures=("roc_auc",),
        coverages=(),
        horizons=(90,),
        has_threshold=False,
    ),
}


def write_cards(database: Path, directory: Path) -> list[Path]:
    """Write one Markdown file per prediction task.

    Args:
        database: A published database with predictions.
        directory: Where to write; made if it is not there.

    Returns:
        The files, in the order of `CARDS`.

    Raises:
        NotBuiltError: If there is no database.
    """
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    with open_read_only(database) as connection:
        for task in CARDS:
            path = directory / CARDS[task].file_name
            path.write_text(render_card(connection, task), encoding="utf-8")
            paths.append(path)
    return paths


def render_card(connection: duckdb.DuckDBPyConnection, task: str) -> str:
    """Render the card of a task as Markdown; the same database gives the same text."""
    environment = Environment(
        loader=PackageLoader("regulars"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        lstrip_blocks=True,
    )
    return environment.get_template("model_card.md.j2").render(_content(connection, task))


def _content(connection: duckdb.DuckDBPyConnection, task: str) -> dict[str, Any]:
    card = CARDS[task]

    def rows(sql: str, *parameters: object) -> list[dict[str, Any]]:
        result = connection.execute(sql, list(parameters))
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    eligibility = rows(
        "select * from model_eligibility where task = ? and horizon_days in "
        "(select unnest(?::integer[])) order by horizon_days",
        task,
        list(card.horizons),
    )
    judged = rows(
        "select * from model_backtest where task = ? order by horizon_days, origin, slice, model",
        task,
    )
    serving = json.loads(
        rows("select parameters from model_registry where model_name = 'serving'")[0]["parameters"]
    )
    origins = json.loads(rows("select min(origins) as origins from model_registry")[0]["origins"])
    currency = rows("select value from build_settings where setting = 'currency'")[0]["value"]
    sources = rows("select distinct source_file from order_lines order by source_file")
    days, decider = card.horizons[0], card.figures[0]
    shown = card.figures + card.coverages
    overall = [row for row in judged if row["slice_type"] == "all"]
    latest = max((row["origin"] for row in overall if row["horizon_days"] == days), default=None)
    at_latest = [row for row in judged if row["origin"] == latest and row["horizon_days"] == days]
    importance = rows(
        "select * from model_feature_importance where task = ? order by importance_rank limit ?",
        task,
        FEATURES_SHOWN,
    )
    first = eligibility[0]
    return vars(card) | {
        "source": ", ".join(row["source_file"] for row in sources),
        "as_of_date": first["as_of_date"],
        "currency": json.loads(currency),
        "customer_count": f"{first['customer_count']:,}",
        "history_days": first["history_days"],
        "origins": origins,
        "eligibility": eligibility,
        "backtests": [
            {
                "horizon_days": horizon,
                "is_low_confidence": any(
                    row["is_low_confidence"] for row in overall if row["horizon_days"] == horizon
                ),
                "figures": [FIGURE_NAMES[name] for name in shown],
                "rows": _backtest_rows(overall, horizon, shown),
            }
            for horizon in card.horizons
        ],
        "deciding": FIGURE_NAMES[decider],
        "latest": latest,
        "horizon_days": days,
        "baselines": _baseline_rows(at_latest, decider),
        "coverage_names": [FIGURE_NAMES[name] for name in card.coverages],
        "tiers": _tier_rows(at_latest, decider, card.coverages),
        "calibration": _calibration_rows(connection, task, days, latest),
        "threshold": _threshold(serving["threshold"]) if card.has_threshold else None,
        "importance": [
            (row["wording"] or row["feature"], _number(row["importance"])) for row in importance
        ],
        "importance_measure": (
            importance[0]["measure"].replace("_", " ") if importance else "importance"
        ),
    }


def _backtest_rows(
    overall: Sequence[dict[str, Any]], days: int, figures: Sequence[str]
) -> list[list[str]]:
    theirs = {
        row["origin"]: row[figures[0]]
        for row in overall
        if row["model"] == BG_NBD and row["horizon_days"] == days
    }
    return [
        [
            f"{row['origin']}",
            f"{row['customer_count']:,}",
            _with_interval(row, figures[0]),
            *(_number(row[name]) for name in figures[1:]),
            _number(theirs[row["origin"]]),
            _with_interval(row, "difference_to_bg_nbd"),
        ]
        for row in overall
        if row["model"] == OURS and row["horizon_days"] == days
    ]


def _baseline_rows(judged: Sequence[dict[str, Any]], figure: str) -> list[list[str]]:
    by_model = {row["model"]: row for row in judged if row["slice_type"] == "all"}
    return [
        [words, _with_interval(by_model[name], figure)]
        for name, words in MODEL_NAMES.items()
        if name in by_model and by_model[name][figure] is not None
    ]


def _tier_rows(
    judged: Sequence[dict[str, Any]], figure: str, coverages: Sequence[str]
) -> list[list[str]]:
    tiers = [row for row in judged if row["slice_type"] == "confidence_tier"]
    theirs = {row["slice"]: row[figure] for row in tiers if row["model"] == BG_NBD}
    return [
        [
            row["slice"],
            f"{row['customer_count']:,}",
            _with_interval(row, figure),
            _number(theirs.get(row["slice"])),
            *(_number(row[name]) for name in coverages),
        ]
        for row in tiers
        if row["model"] == OURS
    ]


def _calibration_rows(
    connection: duckdb.DuckDBPyConnection, task: str, days: int, origin: object
) -> list[list[str]]:
    found = connection.execute(
        """
        select decile, predicted_mean, actual_mean, captured_share
        from model_calibration
        inner join model_gains using (task, horizon_days, origin, decile)
        where task = ? and horizon_days = ? and origin = ?
        order by decile
        """,
        [task, days, origin],
    ).fetchall()
    return [
        [f"{decile}", _number(predicted), _number(actual), _percent(captured)]
        for decile, predicted, actual, captured in found
    ]


def _threshold(chosen: dict[str, Any] | None) -> dict[str, Any] | None:
    if chosen is None:
        return None
    return {
        "threshold": f"{chosen['threshold']:.2f}",
        "chosen_on": chosen["chosen_on"],
        "judged_on": chosen["judged_on"],
        "contacted": _percent(chosen["contacted_share"]),
        "precision": _percent(chosen["precision"]),
        "recall": _percent(chosen["recall"]),
        "captured": _percent(chosen["captured_value_share"]),
        "net_gain": f"{chosen['net_gain']:,.0f}",
    }


def _with_interval(row: dict[str, Any], name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if row[name] is None or low is None:
        return _number(row[name])
    return f"{_number(row[name])} ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    # enough digits for a difference of .001, no more than a copy of the machine would repeat
    return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
