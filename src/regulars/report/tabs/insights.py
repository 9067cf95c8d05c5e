"""Insights: alerts, opportunities, and what campaigns brought."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import insights
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, count, percent

WITHHELD = "select min(withheld_reason) from customer_scores where withheld_reason is not null"


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    alerts, chances = rows["alerts"], rows["opportunities"]
    red = sum(row["severity"] == "RED" for row in alerts)
    text = f"{len(alerts)} alerts, {red} of them red." if alerts else "No alert fires."
    if chances:
        total = sum(row["expected_value"] or 0 for row in chances)
        customers = sum(row["customer_count"] or 0 for row in chances)
        text += (
            f" {len(chances)} opportunities hold {count(customers)} customers, each in one of them only, "
            f"and are expected to bring {words.money(total)}."
        )
    return text


def _best(rows: list[Row], words: Words) -> str | None:
    if not rows:
        return None
    best = rows[0]
    return (
        f"Largest: {best['title']}, {words.money(best['expected_value'])} from "
        f"{count(best['customer_count'])} customers (range {words.money(best['expected_value_low'])} to "
        f"{words.money(best['expected_value_high'])})."
    )


def _uplift(rows: list[Row], _words: Words) -> str | None:
    done = next((row for row in rows if row["campaign"] == "all"), None)
    if done is None:
        return None
    if done["uplift"] is None:
        return done["statement"]
    return (
        f"Wave {done['wave']}: {percent(done['treatment_value'])} of the treated ordered, "
        f"{percent(done['control_value'])} of the control group. {done['statement']}"
    )


INSIGHTS = Tab(
    key="insights",
    title="Insights",
    question="What needs attention, and what is worth doing?",
    lede=_lede,
    panels=(
        Panel(
            key="alerts",
            select="category",
            has_all=True,
            title="Alerts",
            kind="alerts",
            tables=("alerts",),
            query="""
select
    alert_rank, severity, alert_category as category, title, subject, sentence, owner, action, value, unit,
    warn_threshold, critical_threshold, customer_count, amount_at_stake, period_start, period_end
from alerts
order by alert_rank""",
            missing="No alert fires: every enabled rule is within its thresholds.",
        ),
        Panel(
            key="opportunities",
            select="category",
            has_all=True,
            title="Opportunities, ranked",
            about="A customer is in one opportunity only, so the values add up.",
            tables=("insights",),
            query="""
select
    insight_rank, insight_category as category, title, customer_count, probability,
    expected_value_per_customer, expected_value, expected_value_low, expected_value_high,
    drawn_from, effort, recommended_action, owner, campaign_timing, read_result_on, sentence
from insights
where
    customer_count >= (
        select cast(value as integer) from build_settings where setting = 'small_cell_customers'
    )
order by insight_rank""",
            missing="No opportunity is worth a contact.",
            reason=WITHHELD,
            chart=insights.opportunities,
            finding=_best,
            figures=(Figure("opportunities", "net revenue that contacts are expected to bring"),),
        ),
        Panel(
            key="opportunity_steps",
            select="category",
            has_all=True,
            title="What to do",
            kind="steps",
            tables=("insights",),
            query="""
select
    insight_rank, insight, title, insight_category as category, customer_count, expected_value,
    expected_value_low, expected_value_high, effort, recommended_action, owner, sentence,
    campaign_timing, read_result_on
from insights
where
    customer_count >= (
        select cast(value as integer) from build_settings where setting = 'small_cell_customers'
    )
order by insight_rank""",
            missing="No opportunity is worth a contact.",
            reason=WITHHELD,
        ),
        Panel(
            key="alert_checks",
            select="category",
            has_all=True,
            title="All rules that are watched",
            kind="table",
            tables=("alert_checks",),
            query="""
select
    status, title, statement, alert_category as category, worst_value, comparison, warn_threshold,
    critical_threshold, unit, fired_count, measured_count, metric, owner
from alert_checks
order by
    case status when 'RED' then 1 when 'AMBER' then 2 when 'NOT CHECKED' then 3 else 4 end, alert""",
            missing="This database holds no rules of alerts: it was built without them.",
        ),
        Panel(
            key="campaign_uplift",
            title="What campaigns brought",
            about="Treatment less control, with 95% interval: what would not have come otherwise.",
            tables=("campaign_uplift",),
            query="""
select
    wave, wave_date, campaign, measure, treatment_value, control_value, uplift, uplift_low,
    uplift_high, p_value, total_effect, treatment_count, control_count, is_finished, statement,
    window_end
from campaign_uplift
where
    measure = 'order_rate'
    and wave = (select wave from campaign_uplift order by wave_date desc, wave limit 1)
order by campaign <> 'all', campaign""",
            missing="No wave is finished yet; there is nothing to read.",
            chart=insights.uplift,
            finding=_uplift,
            figures=(Figure("campaign_uplift", "difference of order rates, with 95% interval"),),
        ),
        Panel(
            key="customer_anomalies",
            title="Unusual customers",
            kind="table",
            about="They differ from the typical customer in several things at once; neither good nor bad.",
            tables=("customer_anomalies",),
            query="""
select anomaly_rank, customer_id, anomaly_score, reason_1, reason_2, reason_3
from customer_anomalies
where is_unusual
order by anomaly_rank
limit 50""",
            missing="No customer is unusual.",
        ),
    ),
)
