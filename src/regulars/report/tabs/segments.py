"""Segments: who the customers are, and how they move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from regulars.charts import sales, segments
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.tabs.sales import bins, most
from regulars.report.words import Words, count, day, month, percent


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    cards = [row for row in rows["segment_cards"] if row["customer_count"]]
    if not cards:
        return None
    largest = max(cards, key=lambda row: row["customer_count"])
    text = f"The largest segment is {largest['segment']} with {count(largest['customer_count'])} customers"
    at_risk = [row for row in cards if row["value_at_risk_90d"] is not None]
    if at_risk:
        worst = max(at_risk, key=lambda row: row["value_at_risk_90d"])
        text += (
            f"; most revenue is at risk among {worst['segment']} "
            f"({words.money(worst['value_at_risk_90d'])} in 90 days)"
        )
    return f"{text}."


def _score_rows(rows: list[Row], _words: Words) -> list[Row]:
    known = [row for row in rows if row["customer_count"]]
    total = sum(row["customer_count"] for row in known)
    names = {"avg_r_score": "Recency", "avg_f_score": "Frequency", "avg_m_score": "Monetary"}
    everybody = {
        name: sum(row[name] * row["customer_count"] for row in known) / total if total else None
        for name in names
    }
    return [
        {
            "segment": row["segment"],
            "score": words,
            "figure": row[name],
            "all_figure": everybody[name],
        }
        for row in rows
        for name, words in names.items()
    ]


def _treemap(rows: list[Row], _words: Words) -> list[Row]:
    return segments.treemap_rows(rows)


def _cohorts(rows: list[Row], _words: Words) -> list[Row]:
    return [{**row, "cohort": month(row["cohort_month"])} for row in rows]


def _moved(rows: list[Row], _words: Words) -> str | None:
    moved = [row for row in rows if row["customer_count"]]
    if not moved:
        return None
    largest = max(moved, key=lambda row: row["customer_count"])
    causes = {
        "purchased_count": "a purchase",
        "time_passed_count": "time without an order",
        "cut_points_moved_count": "changes of other customers",
        "returned_goods_count": "returned goods",
    }
    totals = {words: sum(row[name] or 0 for row in moved) for name, words in causes.items()}
    main = max(totals, key=lambda words: totals[words])
    return (
        f"From {day(largest['from_date'])} to {day(largest['to_date'])} the largest move was from "
        f"{largest['from_segment']} to {largest['to_segment']} ({count(largest['customer_count'])}); "
        f"the most frequent cause was {main} ({count(totals[main])})."
    )


def _retained(rows: list[Row], _words: Words) -> str | None:
    known = [
        row
        for row in rows
        if row["months_since"] == 1
        and row["is_complete"]
        and row["retention"] is not None
        and not row["is_first_cohort"]
    ]
    if not known:
        return None
    returned = sum(row["customer_count"] for row in known)
    total = sum(row["cohort_customer_count"] for row in known)
    return (
        f"Of new customers {percent(returned / total, 0)} order again in the month after their first "
        "(without the data's first month, which holds older customers)."
    )


SEGMENTS = Tab(
    key="segments",
    title="Segments",
    question="Who are our customers, and how do they move?",
    lede=_lede,
    panels=(
        Panel(
            key="segment_cards",
            title="Eleven segments",
            kind="cards",
            about="Choose one: what follows is about it, and the list of customers too.",
            tables=("report_segments",),
            query="""
select *
from report_segments
order by display_order""",
            missing="There is no customer to put in a segment.",
        ),
        Panel(
            key="segment_facts",
            title="The segment in numbers",
            kind="facts",
            tables=("report_segments",),
            query="""
select
    segment, meaning, customer_count, customer_share, previous_customer_count, previous_date,
    revenue, revenue_share, median_recency_days, median_frequency, median_monetary, aov,
    expected_revenue_90d, value_at_risk_90d, churn_probability_90d, contact_count, expected_gain,
    is_suppressed
from report_segments
order by display_order""",
            missing="There is no customer to put in a segment.",
            select="segment",
            width="half",
        ),
        Panel(
            key="playbook",
            title="Playbook",
            kind="facts",
            tables=("report_segments",),
            query="""
select segment, meaning as who_they_are, next_action as what_to_do
from report_segments
order by display_order""",
            optional={
                "segment_playbooks": """
select
    report_segments.segment, who_they_are, objective, message, channel, offer, cadence, what_to_measure
from report_segments
inner join segment_playbooks on report_segments.segment = segment_playbooks.audience
where audience_type = 'segment'
order by display_order"""
            },
            missing="There is no playbook in this database.",
            select="segment",
            columns=(
                "who_they_are",
                "what_to_do",
                "objective",
                "message",
                "channel",
                "offer",
                "cadence",
                "what_to_measure",
            ),
            width="half",
        ),
        Panel(
            key="segment_scores",
            title="Recency, frequency and value",
            tables=("report_segments",),
            query="""
select segment, customer_count, avg_r_score, avg_f_score, avg_m_score
from report_segments
order by display_order""",
            missing="There are no scores.",
            prepare=_score_rows,
            chart=segments.scores,
            select="segment",
            figures=(Figure("segment_scores", "mean scores, 1 to 5"),),
            width="half",
        ),
        Panel(
            key="segment_top_categories",
            title="What they buy",
            tables=("report_segment_categories",),
            query="""
select
    segment, category, revenue, revenue_share, all_revenue_share, revenue_index, customer_count,
    penetration, is_suppressed
from report_segment_categories
where category_rank <= 8
order by display_order, category_rank""",
            missing="No category was sold.",
            chart=segments.segment_categories,
            select="segment",
            width="half",
        ),
        Panel(
            key="segment_treemap",
            title="Segments by revenue",
            about="Areas are revenue; the deeper the colour, the likelier its customers place no order in 90 days.",
            tables=("report_segments",),
            query="""
select segment, revenue, revenue_share, customer_count, churn_probability_90d, is_suppressed
from report_segments
order by revenue desc nulls last, segment""",
            missing="No segment brings revenue.",
            prepare=_treemap,
            chart=segments.treemap,
            columns=(
                "segment",
                "revenue",
                "revenue_share",
                "customer_count",
                "churn_probability_90d",
            ),
            figures=(
                Figure("segment_treemap", "area: revenue; colour: chance of no order in 90 days"),
            ),
            width="half",
        ),
        Panel(
            key="rfm_grid",
            title="Customers by recency and frequency",
            tables=("report_rfm_grid",),
            query="""
select r_score, f_score, customer_count, revenue, avg_m_score, segment, is_suppressed
from report_rfm_grid
order by f_score desc, r_score""",
            missing="There are no scores.",
            chart=segments.rfm_grid,
            figures=(Figure("rfm_grid", "customers by recency and frequency score"),),
            width="half",
        ),
        Panel(
            key="migrations",
            title="Who moved last month, and why",
            about="Customers by segment before and after; those who stayed are left out.",
            tables=("report_migrations",),
            query="""
select
    from_segment, to_segment, direction, customer_count, revenue, purchased_count,
    time_passed_count, cut_points_moved_count, returned_goods_count, from_date, to_date,
    from_order, to_order, is_suppressed
from report_migrations
where direction <> 'stayed'
order by from_order, to_order""",
            missing="Moves need two month ends with customers; the data do not hold them yet.",
            chart=segments.migration_matrix,
            finding=_moved,
            columns=(
                "from_segment",
                "to_segment",
                "direction",
                "customer_count",
                "revenue",
                "purchased_count",
                "time_passed_count",
                "cut_points_moved_count",
                "returned_goods_count",
                "note",
            ),
            figures=(Figure("segment_migrations", "customers who moved in the last whole month"),),
        ),
        Panel(
            key="cohorts",
            title="Who comes back",
            about="Each row is a month of first orders; each cell the share that ordered again so many months later. Months that are not over are left out.",
            tables=("report_cohorts",),
            query="""
select
    cohort_month, months_since, order_month, retention, customer_count, cohort_customer_count,
    cumulative_revenue_per_customer, is_complete, is_first_cohort, is_suppressed
from report_cohorts
where months_since > 0 and is_complete
order by cohort_month, months_since""",
            missing="No cohort has a whole month behind it yet.",
            prepare=_cohorts,
            chart=segments.cohort_retention,
            finding=_retained,
            columns=(
                "cohort",
                "months_since",
                "retention",
                "customer_count",
                "cohort_customer_count",
                "cumulative_revenue_per_customer",
                "note",
            ),
            figures=(
                Figure("cohort_retention", "share of each month's new customers who order again"),
            ),
        ),
        Panel(
            key="recency_distribution",
            title="How long ago customers bought",
            tables=("report_distributions",),
            query="""
select bin_from, bin_to, item_count, item_share, is_suppressed
from report_distributions
where measure = 'recency_days'
order by bin_order""",
            missing="There is no known customer.",
            prepare=partial(bins, is_money=False),
            chart=partial(sales.distribution, title="Days since the last order", item="Customers"),
            finding=partial(most, item="customers"),
            columns=("bin", "item_count", "item_share", "note"),
            figures=(Figure("recency_distribution", "customers by days since the last order"),),
            width="half",
        ),
        Panel(
            key="frequency_distribution",
            title="How often customers bought",
            tables=("report_distributions",),
            query="""
select bin_from, bin_to, item_count, item_share, is_suppressed
from report_distributions
where measure = 'frequency'
order by bin_order""",
            missing="There is no known customer.",
            prepare=partial(bins, is_money=False),
            chart=partial(sales.distribution, title="Orders", item="Customers"),
            finding=partial(most, item="customers"),
            columns=("bin", "item_count", "item_share", "note"),
            figures=(Figure("frequency_distribution", "customers by number of orders"),),
            width="half",
        ),
    ),
)
