"""The insights report: alerts, opportunities and the portfolio's health as one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import duckdb

from regulars.errors import RegularsError

SCHEMA_VERSION = "1.0"
READS = ("alert_checks", "alerts", "insights", "portfolio_health")
OVERALL = "overall"

# Columns of the marts that the report has, in its order; the as-of date is in `meta`.
HEALTH_COLUMNS = (
    "component", "title", "weight", "value", "unit", "value_at_0", "value_at_100", "score", "sentence",
)  # fmt: skip
ALERT_COLUMNS = (
    "alert_id", "alert", "alert_category", "title", "subject", "severity", "alert_rank", "value", "unit",
    "comparison", "warn_threshold", "critical_threshold", "baseline", "customer_count", "amount_at_stake",
    "period_start", "period_end", "sentence", "owner", "action",
)  # fmt: skip
INSIGHT_COLUMNS = (
    "insight", "insight_category", "title", "insight_rank", "customer_count", "probability",
    "expected_value_per_customer", "expected_value", "expected_value_low", "expected_value_high", "drawn_from",
    "effort", "recommended_action", "owner", "campaign_timing", "read_result_on", "sentence",
)  # fmt: skip
RANKING_COLUMNS = (
    "insight_rank", "insight", "title", "customer_count", "expected_value", "expected_value_low",
    "expected_value_high", "effort", "owner", "read_result_on",
)  # fmt: skip
# columns in the alert's own unit, which may be money
ALERT_VALUES = ("value", "warn_threshold", "critical_threshold", "baseline")
INSIGHT_MONEY = (
    "expected_value_per_customer", "expected_value", "expected_value_low", "expected_value_high", "drawn_from",
)  # fmt: skip
STATUSES = ("RED", "AMBER", "GREEN", "NOT CHECKED")


class InvalidReportError(RegularsError):
    """The report does not keep to its schema; the message says where."""


def report_schema() -> dict[str, Any]:
    """Read the JSON schema (draft 2020-12) that a report keeps to."""
    text = files("regulars").joinpath("schemas/insights_report.schema.json").read_text("utf-8")
    return json.loads(text)


def render_report(connection: duckdb.DuckDBPyConnection) -> str:
    """Make the report of a published database, checked against its schema.

    Money is rounded to two places; a number that is not finite is null. The same database gives the same text.

    Args:
        connection: A published database with the marts of `READS`.

    Returns:
        JSON, in UTF-8 when written, with a line break at its end.

    Raises:
        InvalidReportError: If what the marts hold does not keep to the schema.
    """
    report = _json_ready(_content(connection))
    check_report(report)
    return json.dumps(report, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def check_report(report: object) -> None:
    """Compare a report with its schema; do nothing if it keeps to it.

    Raises:
        InvalidReportError: If it does not.
    """
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(
        report_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    faults = sorted(validator.iter_errors(report), key=lambda fault: fault.json_path)
    if faults:
        first = faults[0]
        raise InvalidReportError(
            f"The insights report is not as its schema says, in {len(faults)} places; "
            f"the first is {first.json_path}: {first.message}"
        )


def _content(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    def rows(sql: str) -> list[dict[str, Any]]:
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def mart(name: str, columns: Sequence[str], order: str) -> list[dict[str, Any]]:
        return rows(f"select {', '.join(columns)} from {name} order by {order}")

    currency = json.loads(
        rows("select value from build_settings where setting = 'currency'")[0]["value"]
    )
    health = mart("portfolio_health", HEALTH_COLUMNS, "display_order, component")
    overall = next(row for row in health if row["component"] == OVERALL)
    alerts = [_with_money(row) for row in mart("alerts", ALERT_COLUMNS, "alert_rank, alert_id")]
    insights = [
        row | {name: _money(row[name]) for name in INSIGHT_MONEY}
        for row in mart("insights", INSIGHT_COLUMNS, "insight_rank, insight")
    ]
    statuses = {
        row["status"]: row["rules"]
        for row in rows("select status, count(*) as rules from alert_checks group by status")
    }
    return {
        "meta": {
            "schema_version": SCHEMA_VERSION,
            "as_of_date": rows("select max(as_of_date) as as_of_date from customers")[0][
                "as_of_date"
            ],
            "regulars_version": version("regulars"),
            "currency": currency,
            "generated_from": _generated_from(rows),
        },
        "portfolio_health": {
            "score": overall["score"],
            "sentence": overall["sentence"],
            "components": [row for row in health if row is not overall],
        },
        "alerts": alerts,
        "insights": insights,
        "opportunity_ranking": [{name: row[name] for name in RANKING_COLUMNS} for row in insights],
        "summary": _summary(alerts, insights, statuses, currency),
    }


def _generated_from(rows: Any) -> dict[str, Any]:  # noqa: ANN401 - a function that runs a query
    files_read = rows("select distinct source_file from order_lines order by source_file")
    totals = rows(
        "select count(*) as order_count, coalesce(sum(gross_revenue), 0) as gross_revenue, "
        "coalesce(sum(revenue), 0) as revenue from orders"
    )[0]
    return {
        "source_files": [row["source_file"] for row in files_read],
        "row_count": int(
            rows("select coalesce(sum(row_count), 0) as n from data_quality_ledger")[0]["n"]
        ),
        "order_count": totals["order_count"],
        "customer_count": rows("select count(*) as n from customers")[0]["n"],
        "gross_revenue": totals["gross_revenue"],
        "revenue": totals["revenue"],
    }


def _summary(
    alerts: Sequence[Mapping[str, Any]],
    insights: Sequence[Mapping[str, Any]],
    statuses: Mapping[str, int],
    currency: str,
) -> dict[str, Any]:
    red, amber = (
        sum(alert["severity"] == severity for alert in alerts) for severity in ("RED", "AMBER")
    )
    counts = {status: statuses.get(status, 0) for status in STATUSES}
    checked = sum(counts.values()) - counts["NOT CHECKED"]
    worth = [row for row in insights if row["customer_count"] and row["expected_value"] is not None]
    total, low, high = (
        sum((row[name] or Decimal(0) for row in worth), Decimal(0))
        for name in ("expected_value", "expected_value_low", "expected_value_high")
    )
    customers = sum(row["customer_count"] for row in worth)
    return {
        "alerts": {
            "red_count": red,
            "amber_count": amber,
            "sentence": f"{_counted(len(alerts), 'alert')}: {red} red, {amber} amber.",
        },
        "alert_checks": {
            "red_count": counts["RED"],
            "amber_count": counts["AMBER"],
            "green_count": counts["GREEN"],
            "not_checked_count": counts["NOT CHECKED"],
            "sentence": f"{checked} of {_counted(sum(counts.values()), 'rule')} could be checked; "
            f"{counts['GREEN']} found nothing.",
        },
        "top_opportunity": _top_opportunity(worth, currency),
        "expected_value": {
            "opportunity_count": len(worth),
            "customer_count": customers,
            "total": total,
            "low": low,
            "high": high,
            "sentence": f"Expected of {_counted(len(worth), 'opportunity', 'opportunities')} for "
            f"{_counted(customers, 'customer')}: {currency} {total:,.2f}; between {low:,.2f} and "
            f"{high:,.2f} if all lie at the same end of their intervals.",
        },
    }


def _top_opportunity(worth: Sequence[Mapping[str, Any]], currency: str) -> dict[str, Any] | None:
    if not worth:
        return None
    top = worth[0]
    return {
        "insight": top["insight"],
        "title": top["title"],
        "customer_count": top["customer_count"],
        "expected_value": top["expected_value"],
        "sentence": f"{top['title']}: {_counted(top['customer_count'], 'customer')}, "
        f"{currency} {top['expected_value']:,.2f} expected.",
    }


def _with_money(alert: Mapping[str, Any]) -> dict[str, Any]:
    names = ["amount_at_stake", *(ALERT_VALUES if alert["unit"] == "money" else ())]
    return dict(alert) | {name: _money(alert[name]) for name in names}


def _money(amount: Decimal | float | None) -> Decimal | None:
    if amount is None or not math.isfinite(amount):
        return None
    return Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _json_ready(value: Any) -> Any:  # noqa: ANN401 - whatever a mart holds
    if isinstance(value, Mapping):
        return {name: _json_ready(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_json_ready(part) for part in value]
    if isinstance(value, Decimal):
        return float(_money(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value
