"""Executive: what changed, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import insights, sales, segments
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, change, count, day, listed, month, percent


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    kpis = {row["kpi"]: row for row in rows["kpis"]}
    revenue, forecast = kpis.get("revenue"), kpis.get("expected_revenue_90d")
    at_risk = kpis.get("revenue_at_risk_90d")
    if revenue is None:
        return None
    text = (
        f"From {day(revenue['period_start'])} to {day(revenue['period_end'])} "
        f"net revenue was {words.money(revenue['figure'])}"
    )
    comparisons = [
        f"{change(revenue[name])} against {what}"
        for name, what in (
            ("last_year_change", "the same days last year"),
            ("previous_change", "the period before"),
        )
        if revenue[name] is not None
    ]
    text += f", {listed(comparisons)}." if comparisons else "."
    if forecast and forecast["figure"] is not None:
        text += (
            f" Today's customers are expected to bring {words.money(forecast['figure'])} "
            "in the next 90 days"
        )
        if at_risk and at_risk["figure"] is not None:
            text += f"; {words.money(at_risk['figure'])} more would come if nobody stayed away"
        text += "."
    return text


def _trend(rows: list[Row], words: Words) -> str | None:
    complete = [row for row in rows if row["is_complete"] and row["revenue"] is not None]
    if not complete:
        return None
    last = complete[-1]
    text = f"{month(last['month_start'])} brought {words.money(last['revenue'])}"
    if last["revenue_change_pct"] is not None:
        text += f", {change(last['revenue_change_pct'] / 100)} against a year before"
    best = max(complete, key=lambda row: row["revenue"])
    return f"{text}; the strongest month was {month(best['month_start'])}."


def _pareto(rows: list[Row], _words: Words) -> str | None:
    tenth = next((row for row in rows if row["percent"] == 10), None)
    if tenth is None or tenth["top_revenue_share"] is None:
        return None
    return (
        f"The most valuable 10% of customers ({count(tenth['customer_count'])}) bring "
        f"{percent(tenth['top_revenue_share'], 0)} of revenue."
    )


def _shares(rows: list[Row], words: Words) -> str | None:
    shown = [row for row in rows if row["revenue_share"] is not None]
    if not shown:
        return None
    best = max(shown, key=lambda row: row["revenue_share"])
    return (
        f"{best['segment']} are {percent(best['customer_share'], 0)} of customers and bring "
        f"{percent(best['revenue_share'], 0)} of revenue ({words.money(best['revenue'])})."
    )


def _moves(rows: list[Row], words: Words) -> str | None:
    if not rows:
        return None
    last = rows[-1]
    return (
        f"In the month to {day(last['to_date'])} {count(last['up_count'])} customers moved to a better "
        f"segment and {count(last['down_count'])} to a worse one, who had brought "
        f"{words.money(last['down_revenue'])} so far."
    )


def _bridge(rows: list[Row], words: Words) -> str | None:
    first, last = rows[0], rows[-1]
    return (
        f"{count(first['row_count'])} rows worth {words.money(first['amount'])} become "
        f"{words.money(last['amount'])} of net revenue; each bar between is a rule of the ledger."
    )


def _health(rows: list[Row], _words: Words) -> str | None:
    overall = next((row for row in rows if row["component"] == "overall"), None)
    if overall is None or overall["score"] is None:
        return None
    return overall["sentence"] or f"Overall {overall['score']:.0f} of 100."


def _title_case(rows: list[Row], _words: Words) -> list[Row]:
    return [row | {"step": row["step"][:1].upper() + row["step"][1:]} for row in rows]


EXECUTIVE = Tab(
    key="executive",
    title="Executive",
    question="What changed, and what is it worth?",
    lede=_lede,
    panels=(
        Panel(
            key="kpis",
            title="Key figures",
            kind="kpis",
            tables=("report_kpis",),
            query="""
select *
from report_kpis
order by display_order""",
            missing="The key figures are not in this database: build it again with this version.",
        ),
        Panel(
            key="top_alerts",
            title="What needs attention",
            kind="alerts",
            width="half",
            tables=("alerts",),
            query="""
select alert_rank, severity, alert_category as category, title, subject, sentence, owner, action, amount_at_stake
from alerts
order by alert_rank
limit 3""",
            missing="No alert fires: every enabled rule is within its thresholds.",
        ),
        Panel(
            key="next_steps",
            title="What to do next",
            kind="steps",
            width="half",
            tables=("insights",),
            query="""
select
    insight_rank, insight, title, insight_category as category, customer_count, expected_value,
    expected_value_low, expected_value_high, effort, recommended_action, owner, sentence
from insights
where
    customer_count >= (
        select cast(value as integer) from build_settings where setting = 'small_cell_customers'
    )
order by insight_rank
limit 3""",
            missing="No opportunity is worth a contact.",
            reason="select min(withheld_reason) from customer_scores where withheld_reason is not null",
        ),
        Panel(
            key="revenue_trend",
            title="Revenue by month",
            about="The dashed line is the year before. A hollow dot is a month that is not over.",
            tables=("timing_monthly",),
            query="""
select
    month_start, is_complete, revenue, previous_year_revenue, revenue_change_pct, order_count,
    customer_count
from timing_monthly
order by month_start""",
            missing="There is no month with an order.",
            chart=sales.monthly_revenue,
            finding=_trend,
            width="half",
        ),
        Panel(
            key="segment_shares",
            title="Revenue and customers by segment",
            about="Where the bar reaches beyond the tick, a segment brings more than its numbers.",
            tables=("report_segments",),
            query="""
select
    segment, customer_count, customer_share, revenue, revenue_share, median_recency_days,
    median_frequency, aov, is_suppressed
from report_segments
order by display_order""",
            missing="There is no customer to put in a segment.",
            chart=segments.shares,
            finding=_shares,
            figures=(Figure("segments", "share of revenue and of customers by segment"),),
            width="half",
        ),
        Panel(
            key="pareto",
            title="How much the best customers bring",
            tables=("report_revenue_concentration",),
            query="""
select percent, customer_count, customer_share, top_revenue, top_revenue_share, lowest_revenue
from report_revenue_concentration
order by percent""",
            missing="There is no customer with revenue.",
            chart=sales.pareto,
            finding=_pareto,
            figures=(Figure("pareto", "share of revenue by share of customers"),),
            width="half",
        ),
        Panel(
            key="segment_moves",
            title="Moves between segments by month",
            about="Above the line: to a better segment. Below: to a worse one.",
            tables=("report_segment_moves",),
            query="""
select from_date, to_date, up_count, up_revenue, down_count, down_revenue, stayed_count
from report_segment_moves
order by to_date""",
            missing="Moves need two month ends with customers; the data do not hold them yet.",
            chart=segments.segment_moves,
            finding=_moves,
            width="half",
        ),
        Panel(
            key="portfolio_health",
            title="Health of the customer base",
            about="Each component runs from 0 to 100; the overall score weighs them.",
            tables=("portfolio_health",),
            query="""
select component, title, score, weight, value, unit, value_at_0, value_at_100, sentence
from portfolio_health
order by display_order""",
            missing="This database holds no health score: it was built without it.",
            chart=insights.health,
            finding=_health,
            figures=(Figure("portfolio_health", "score of each component, 0 to 100"),),
            width="half",
        ),
        Panel(
            key="revenue_bridge",
            title="From the raw file to net revenue",
            about="Why this total differs from a sum over the file: every step is a row of the data-quality ledger.",
            tables=("report_revenue_bridge",),
            query="""
select step_order, step, kind, row_count, amount, running_from, running_to, reason
from report_revenue_bridge
order by step_order""",
            missing="The ledger is empty.",
            chart=sales.revenue_bridge,
            finding=_bridge,
            prepare=_title_case,
            columns=("step", "kind", "row_count", "amount", "reason"),
            figures=(
                Figure("revenue_bridge", "amounts of the rows that count and of those that do not"),
            ),
            width="half",
        ),
    ),
)
