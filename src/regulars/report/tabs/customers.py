"""Customers: whom to contact this week, and why."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import customers, insights, segments
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, count, day, listed, percent

WITHHELD = "select min(withheld_reason) from customer_scores where withheld_reason is not null"


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    worth = [row for row in rows["customer_list"] if _is_to_contact(row)]
    if not worth:
        reasons = {row["withheld_reason"] for row in rows["customer_list"]} - {None}
        return listed(sorted(reasons)) or "No contact is expected to bring more than it costs."
    first = worth[0]
    text = (
        f"{count(len(worth))} of the customers listed are to be contacted. The first, of segment "
        f"{first['segment']}, has {words.money(first['value_at_risk_90d'])} at risk in 90 days"
    )
    if first["risk_reason"]:
        text += f": {first['risk_reason'][:1].lower()}{first['risk_reason'][1:]}"
    return text if text.endswith(".") else f"{text}."


def _is_to_contact(row: Row) -> bool:
    """Those of the control group are worth a contact too, but get none."""
    if row.get("group_name") is not None:
        return row["group_name"] == "treatment"
    return bool(row["is_worth_contact"])


def _by_recipe(rows: list[Row], _words: Words) -> list[Row]:
    recipes = list(dict.fromkeys(row["recipe"] for row in rows))
    wide: dict[int, Row] = {}
    for row in rows:
        customer = wide.setdefault(
            row["contact_rank"],
            {"contact_rank": row["contact_rank"], **dict.fromkeys(recipes)},
        )
        customer[row["recipe"]] = row["cluster_name"]
    return [wide[rank] for rank in sorted(wide)]


def _priority(rows: list[Row], words: Words) -> str | None:
    if not rows:
        return None
    total = sum(row["expected_gain"] for row in rows)
    best = rows[0]
    return (
        f"Contacting everyone worth it is expected to bring {words.money(total)} after its cost, "
        f"{words.money(best['expected_gain'])} of it among {best['segment']} "
        f"({count(best['contact_count'])} customers)."
    )


def _scatter(rows: list[Row], _words: Words) -> str | None:
    known = [row for row in rows if row["clv_90d"] is not None]
    if not known:
        return None
    high = sum(row["churn_probability_90d"] >= 0.5 for row in known)
    return (
        f"Of the {count(len(known))} customers shown, {percent(high / len(known), 0)} are more likely "
        "not to order in the next 90 days than to order."
    )


def _campaigns(rows: list[Row], _words: Words) -> list[Row]:
    """The wave, if it has a campaign besides the row of all."""
    return rows if any(row["campaign"] != "all" for row in rows) else []


def _waves(rows: list[Row], _words: Words) -> str | None:
    every = next((row for row in rows if row["campaign"] == "all"), None)
    if every is None:
        return None
    name = "The draft of a wave" if every["is_draft"] else f"Wave {every['wave']}"
    return (
        f"{name} contacts {count(every['treatment_count'])} customers, keeps "
        f"{count(every['control_count'])} as control and leaves {count(every['suppressed_count'])} alone; "
        f"read the result on {day(every['read_result_on'])}."
    )


CUSTOMERS = Tab(
    key="customers",
    title="Customers",
    question="Whom to contact this week, and why?",
    lede=_lede,
    panels=(
        Panel(
            key="customer_list",
            title="Action centre",
            kind="customers",
            about="Customers in the order of what a contact is expected to bring after its cost. The download holds exactly the rows that the filters leave, in the order shown.",
            tables=("report_customers",),
            query="""
select *
from report_customers
order by contact_rank""",
            optional={
                "campaign_audiences": """
select
    report_customers.*, replace(campaign_audiences.campaign, '_', ' ') as campaign,
    campaign_audiences.group_name, campaign_audiences.suggested_products,
    campaign_audiences.best_send_weekday, campaign_audiences.best_send_hour
from report_customers
left join
    campaign_audiences
    on report_customers.customer_id = campaign_audiences.customer_id
    and campaign_audiences.wave = (
        select wave from campaign_audiences order by wave_date desc, wave limit 1
    )
order by contact_rank"""
            },
            missing="There is no known customer.",
        ),
        Panel(
            key="customer_clusters",
            title="Clusters of the customers listed",
            kind="data",
            tables=("customer_clusters",),
            query="""
select report_customers.contact_rank, customer_clusters.recipe, customer_clusters.cluster_name
from report_customers
inner join customer_clusters on report_customers.customer_id = customer_clusters.customer_id
inner join cluster_runs on customer_clusters.recipe = cluster_runs.recipe
order by report_customers.contact_rank, customer_clusters.recipe""",
            missing="There are no clusters.",
            prepare=_by_recipe,
        ),
        Panel(
            key="value_and_churn",
            title="Worth keeping, likely to leave",
            about="Top right are customers worth much who will probably not order; a dot's area is the revenue at risk. A sample where there are many customers.",
            tables=("report_customer_sample",),
            query="""
select
    customer_id, segment, clv_90d, churn_probability_90d, value_at_risk_90d, recency_days,
    frequency, monetary
from report_customer_sample
where clv_90d is not null and churn_probability_90d is not null
order by sample_number""",
            missing="Scores are withheld.",
            reason=WITHHELD,
            chart=customers.value_and_churn,
            finding=_scatter,
            figures=(
                Figure("value_and_churn", "expected value against chance of no order, 90 days"),
            ),
            width="half",
        ),
        Panel(
            key="segment_priority",
            title="Where contacts bring most",
            tables=("report_segments",),
            query="""
select
    segment, expected_gain, contact_count, customer_count, value_at_risk_90d,
    expected_revenue_90d
from report_segments
where expected_gain > 0
order by expected_gain desc, segment""",
            missing="No contact is expected to bring more than it costs.",
            reason=WITHHELD,
            chart=segments.priority,
            finding=_priority,
            figures=(Figure("segment_priority", "expected gain of contacts, after their cost"),),
            width="half",
        ),
        Panel(
            key="campaign_groups",
            title="The latest wave",
            about="Customers are drawn into treatment and control by chance, so that the difference is the campaign's doing.",
            tables=("campaign_waves",),
            query="""
select
    wave, is_draft, wave_date, replace(campaign, '_', ' ') as campaign, customer_count, treatment_count, control_count, suppressed_count,
    base_order_rate, minimum_detectable_order_rate, minimum_detectable_revenue, is_finished,
    read_result_on
from campaign_waves
where
    wave = (select wave from campaign_waves order by wave_date desc, wave limit 1)
    and campaign <> 'none'
order by treatment_count desc, campaign""",
            missing="No customer is in a campaign.",
            reason=WITHHELD,
            prepare=_campaigns,
            chart=insights.campaign_groups,
            finding=_waves,
            figures=(Figure("campaign_dashboard", "customers by campaign and group"),),
        ),
    ),
)
