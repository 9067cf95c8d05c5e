"""Timing: when customers buy, and when to write to them."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import timing
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, count, listed, percent

NO_TIMES = "The orders have a date but no time of day."


def _busiest(rows: list[Row], _words: Words) -> str | None:
    known = [row for row in rows if row["order_count"] and row["order_hour"] is not None]
    if not known:
        return None
    best = max(known, key=lambda row: row["order_count"])
    total = sum(row["order_count"] for row in known)
    return (
        f"The busiest hour of the week is {best['weekday_name']} from {best['order_hour']:02d}:00 with "
        f"{percent(best['order_count'] / total)} of orders."
    )


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    clear = [
        row for row in rows["send_times"] if row["hour_verdict"] and _is_clear(row["hour_verdict"])
    ]
    text = _busiest(rows["hour_weekday"], words)
    if text is None:
        return NO_TIMES
    if clear:
        return (
            f"{text} The best hour to send is clear for "
            f"{listed([row['segment'] for row in clear])}."
        )
    return f"{text} For no segment do the data tell the best hour from the second best."


def _is_clear(verdict: str) -> bool:
    return verdict.startswith("Ahead")


def _personas(rows: list[Row], _words: Words) -> str | None:
    habit = [row for row in rows if row["meaning"] and row["customer_count"]]
    if not habit:
        return "Nobody has a habit that later orders would keep to."
    best = max(habit, key=lambda row: row["customer_count"])
    total = sum(row["customer_count"] for row in habit)
    return (
        f"{count(total)} customers have a habit; most are a {best['timing_persona']} "
        f"({count(best['customer_count'])})."
    )


def _quarters(rows: list[Row], _words: Words) -> list[Row]:
    return [
        {
            **row,
            "quarter": f"Q{(row['quarter_start'].month + 2) // 3} {row['quarter_start'].year}",
        }
        for row in rows
    ]


TIMING = Tab(
    key="timing",
    title="Timing",
    question="When do customers buy, and when is a message best sent?",
    lede=_lede,
    panels=(
        Panel(
            key="hour_weekday",
            title="Orders by hour and weekday",
            tables=("report_hour_weekday",),
            query="""
select
    weekday_name, order_hour, order_count, customer_count, revenue, aov, weekday, is_suppressed
from report_hour_weekday
where order_hour is not null
order by weekday, order_hour""",
            missing=NO_TIMES,
            chart=timing.hour_weekday,
            finding=_busiest,
            columns=(
                "weekday_name",
                "order_hour",
                "order_count",
                "customer_count",
                "revenue",
                "aov",
                "note",
            ),
            figures=(Figure("hour_weekday", "orders by hour and weekday"),),
        ),
        Panel(
            key="hourly",
            title="Orders by hour",
            tables=("timing_hourly",),
            query="""
select order_hour, order_count, customer_count, revenue, aov, median_order_value
from timing_hourly
where order_hour is not null
order by order_hour""",
            missing=NO_TIMES,
            chart=timing.hourly,
            figures=(Figure("hourly", "orders by hour of the day"),),
            width="half",
        ),
        Panel(
            key="daily",
            title="Orders by weekday",
            tables=("timing_daily",),
            query="""
select
    weekday_name, order_count, customer_count, revenue, aov, weekday_index, complete_week_count
from timing_daily
order by weekday""",
            missing="There is no order.",
            chart=timing.daily,
            figures=(Figure("daily", "orders by weekday"),),
            width="half",
        ),
        Panel(
            key="send_times",
            title="Best hour to send, by segment",
            about="Where the interval of the best hour holds the second best too, the data do not tell them apart, and the verdict says so.",
            tables=("send_time_recommendations",),
            query="""
select
    segment, best_hour, hour_share, hour_share_low, hour_share_high, second_hour,
    second_hour_share, hour_verdict, hour_customer_count, best_weekday_name, weekday_share,
    weekday_verdict
from send_time_recommendations
order by display_order""",
            missing="No segment has orders.",
            chart=timing.send_times,
            figures=(Figure("send_times", "share of orders in the best hour, with 95% interval"),),
        ),
        Panel(
            key="personas",
            title="Timing personas",
            about="A persona needs a habit that later orders keep to; most customers have none.",
            tables=("report_personas",),
            query="""
select
    timing_persona, meaning, customer_count, customer_share, order_count, revenue,
    revenue_share, median_preferred_hour, is_suppressed
from report_personas
order by display_order""",
            missing="There is no known customer.",
            chart=timing.personas,
            finding=_personas,
            figures=(Figure("personas", "customers by timing persona"),),
            width="half",
        ),
        Panel(
            key="quarters",
            title="Revenue by quarter",
            about="The tick is the same quarter a year before; a pale bar is not over.",
            tables=("timing_quarterly",),
            query="""
select
    quarter_start, is_complete, revenue, previous_year_revenue, revenue_change_pct, order_count,
    customer_count, revenue_share
from timing_quarterly
order by quarter_start""",
            missing="There is no quarter with an order.",
            prepare=_quarters,
            chart=timing.quarters,
            columns=(
                "quarter",
                "is_complete",
                "revenue",
                "previous_year_revenue",
                "revenue_change_pct",
                "order_count",
                "customer_count",
                "revenue_share",
            ),
            figures=(Figure("quarterly", "net revenue by quarter; tick: a year before"),),
            width="half",
        ),
    ),
)
