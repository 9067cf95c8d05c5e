"""Charts of segments: size and worth, scores, movement and cohorts."""

from __future__ import annotations

from typing import Any

import altair as alt

from regulars.charts.marks import (
    COUNT,
    DAY,
    MONEY,
    MONEY_SHORT,
    MONTH,
    SHARE,
    SHARE_FINE,
    VERDICT,
    Rows,
    heat_map,
    ordered,
    ranked_bars,
    rows,
    tips,
    value_axis,
)
from regulars.charts.treemap import squarify

SCORES = alt.Axis(values=[1, 2, 3, 4, 5], domain=False, ticks=False)


def shares(data: Rows) -> alt.LayerChart:
    """Each segment's share of revenue as a bar, its share of customers as a tick."""
    base = rows().encode(
        y=alt.Y("segment:N", sort=ordered(data, "segment"), title=None),
        tooltip=tips(
            ("segment:N", "Segment"),
            ("customer_count:Q", "Customers", COUNT),
            ("customer_share:Q", "Share of customers", SHARE_FINE),
            ("revenue:Q", "Revenue", MONEY),
            ("revenue_share:Q", "Share of revenue", SHARE_FINE),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(
            x=alt.X(
                "revenue_share:Q",
                title="Bar: share of revenue · tick: share of customers",
                axis=value_axis(SHARE),
            )
        ),
        base.mark_tick(height={"band": 0.9}).encode(x="customer_share:Q"),
    ).properties(height={"step": 24})


def treemap_rows(data: Rows, *, width: float = 160.0, height: float = 60.0) -> list[dict[str, Any]]:
    """The segments' rectangles by revenue; segments without any, or left out, have none."""
    worth = sorted(
        (row for row in data if (row["revenue"] or 0) > 0),
        key=lambda row: (-float(row["revenue"]), row["segment"]),
    )
    spaces = squarify([float(row["revenue"]) for row in worth], width=width, height=height)
    return [
        {
            **row,
            "x_from": round(space.x, 3),
            "x_to": round(space.x + space.width, 3),
            "y_from": round(space.y, 3),
            "y_to": round(space.y + space.height, 3),
            # fourteen units of height hold two lines of text
            "label": row["segment"] if space.width > 16 and space.height > 8 else "",
        }
        for row, space in zip(worth, spaces, strict=True)
    ]


def treemap(_data: Rows) -> alt.LayerChart:
    """Segments as areas by revenue, shaded by the chance of no order."""
    base = rows().encode(
        x=alt.X("x_from:Q", axis=None, scale=alt.Scale(domain=[0, 160], nice=False)),
        y=alt.Y("y_from:Q", axis=None, scale=alt.Scale(domain=[60, 0], nice=False)),
    )
    limit = alt.expr("(datum.x_to - datum.x_from) / 160 * width - 8")
    tooltip = tips(
        ("segment:N", "Segment"),
        ("revenue:Q", "Revenue", MONEY),
        ("revenue_share:Q", "Share", SHARE_FINE),
        ("customer_count:Q", "Customers", COUNT),
        ("churn_probability_90d:Q", "Chance of no order in 90 days", SHARE),
    )
    return alt.layer(
        base.mark_rect(style="edge").encode(
            x2="x_to:Q",
            y2="y_to:Q",
            color=alt.Color(
                "churn_probability_90d:Q",
                title="Mean chance of no order in 90 days",
                scale=alt.Scale(range="heatmap", domain=[0, 1]),
                legend=alt.Legend(format=SHARE, gradientLength=160, gradientThickness=10),
            ),
            tooltip=tooltip,
        ),
        base.mark_text(
            align="left", baseline="top", dx=6, dy=6, fontWeight=600, limit=limit
        ).encode(text="label:N", tooltip=tooltip),
        base.transform_filter("datum.label != ''")
        .mark_text(align="left", baseline="top", dx=6, dy=21, limit=limit)
        .encode(text=alt.Text("revenue:Q", format=MONEY_SHORT), tooltip=tooltip),
    ).properties(height=300)


def scores(data: Rows) -> alt.LayerChart:
    """Mean R, F and M score of a segment as bars, of all customers as ticks."""
    base = rows().encode(
        y=alt.Y("score:N", sort=ordered(data, "score"), title=None),
        tooltip=tips(
            ("segment:N", "Segment"),
            ("score:N", "Score"),
            ("figure:Q", "Mean of the segment", ".2f"),
            ("all_figure:Q", "Mean of all customers", ".2f"),
        ),
    )
    x = alt.X(
        "figure:Q",
        title="Bar: mean score of the segment · tick: of all customers",
        scale=alt.Scale(domain=[0, 5]),
        axis=SCORES,
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(x=x),
        base.mark_tick(height={"band": 0.9}).encode(x="all_figure:Q"),
    ).properties(height={"step": 30})


def segment_categories(_data: Rows) -> alt.LayerChart:
    """What a segment spends on each category against all customers."""
    base = rows().encode(
        y=alt.Y("category:N", sort=None, title=None),
        tooltip=tips(
            ("category:N", "Category"),
            ("revenue_share:Q", "Share of the segment's revenue", SHARE_FINE),
            ("all_revenue_share:Q", "Share of all revenue", SHARE_FINE),
            ("customer_count:Q", "Customers who bought it", COUNT),
            ("penetration:Q", "Share of the segment's customers", SHARE),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(
            x=alt.X(
                "revenue_share:Q",
                title="Bar: share of the segment's revenue · tick: of all customers'",
                axis=value_axis(SHARE),
            )
        ),
        base.mark_tick(height={"band": 0.9}).encode(x="all_revenue_share:Q"),
    ).properties(height={"step": 22})


def category_map(data: Rows) -> alt.LayerChart:
    """Segments by categories: shares of a segment's revenue against all customers'."""
    return heat_map(
        data,
        x="category",
        y="segment",
        figure="revenue_index",
        x_title="",
        y_title="",
        title="Index (100: as usual)",
        style=".0f",
        is_labelled=True,
        x_axis=alt.Axis(labelAngle=-45, labelOverlap=True),
        scale=alt.Scale(range="heatmap", domain=[40, 180], clamp=True),
        tooltip=tips(
            ("segment:N", "Segment"),
            ("category:N", "Category"),
            ("revenue_index:Q", "Against all customers (100: as usual)", ".0f"),
            ("revenue_share:Q", "Share of the segment's revenue", SHARE_FINE),
            ("penetration:Q", "Share of the segment's customers", SHARE),
        ),
    )


def rfm_grid(data: Rows) -> alt.LayerChart:
    """Customers by recency and frequency score."""
    return heat_map(
        data,
        x="r_score",
        y="f_score",
        figure="customer_count",
        x_title="Recency score (5: bought most recently)",
        y_title="Frequency score",
        title="Customers",
        style=COUNT,
        is_labelled=True,
        cell_height=42,
        tooltip=tips(
            ("r_score:O", "Recency score"),
            ("f_score:O", "Frequency score"),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue:Q", "Revenue", MONEY),
            ("avg_m_score:Q", "Mean monetary score", ".2f"),
            ("segment:N", "Most frequent segment"),
        ),
    )


def migration_matrix(data: Rows) -> alt.LayerChart:
    """Customers by segment before and after; stayers are in the table."""
    return heat_map(
        data,
        x="to_segment",
        y="from_segment",
        figure="customer_count",
        x_order="to_order",
        x_title="to",
        y_title="from",
        title="Customers who moved",
        style=COUNT,
        is_labelled=True,
        x_axis=alt.Axis(labelAngle=-40),
        tooltip=tips(
            ("from_segment:N", "From"),
            ("to_segment:N", "To"),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue:Q", "Their revenue", MONEY),
            ("purchased_count:Q", "Moved by a purchase", COUNT),
            ("time_passed_count:Q", "by time without an order", COUNT),
            ("cut_points_moved_count:Q", "because others changed", COUNT),
            ("returned_goods_count:Q", "by returned goods", COUNT),
        ),
    )


def cohort_retention(data: Rows) -> alt.LayerChart:
    """Share of each month's new customers who order again, by months since."""
    return heat_map(
        data,
        x="months_since",
        y="cohort",
        figure="retention",
        x_title="Months since the first order",
        y_title="First order in",
        title="Ordered again in that month",
        style=SHARE,
        cell_height=16,
        scale=alt.Scale(range="ramp"),
        tooltip=tips(
            ("cohort:N", "First order in"),
            ("months_since:O", "Months since"),
            ("order_month:T", "Month", MONTH),
            ("retention:Q", "Ordered again", SHARE_FINE),
            ("customer_count:Q", "Customers", COUNT),
            ("cohort_customer_count:Q", "of", COUNT),
            ("cumulative_revenue_per_customer:Q", "Revenue per customer so far", MONEY),
        ),
    )


def segment_moves(_data: Rows) -> alt.LayerChart:
    """Customers who moved to a better (above) or worse segment (below) each month."""
    base = (
        rows()
        .transform_fold(["up_count", "down_count"], as_=["way", "figure"])
        .transform_calculate(
            signed="datum.way == 'up_count' ? datum.figure : -datum.figure",
            name="datum.way == 'up_count' ? 'to a better segment' : 'to a worse one'",
        )
    )
    return alt.layer(
        base.mark_bar().encode(
            x=alt.X(
                "yearmonth(to_date):O", title=None, axis=alt.Axis(format="%b %y", labelAngle=-45)
            ),
            y=alt.Y("signed:Q", title="Customers", axis=value_axis(COUNT)),
            color=alt.Color(
                "name:N",
                title=None,
                scale=alt.Scale(domain=["to a better segment", "to a worse one"], range=VERDICT),
            ),
            tooltip=tips(
                ("to_date:T", "Up to", DAY),
                ("up_count:Q", "To a better segment", COUNT),
                ("down_count:Q", "To a worse one", COUNT),
                ("stayed_count:Q", "Stayed", COUNT),
            ),
        )
    ).properties(height=200)


def priority(_data: Rows) -> alt.LayerChart:
    """Segments by what contacting their customers is expected to bring."""
    return ranked_bars(
        name="segment",
        figure="expected_gain",
        title="Expected gain of contacting them, after its cost",
        style=MONEY_SHORT,
        tooltip=tips(
            ("segment:N", "Segment"),
            ("expected_gain:Q", "Expected gain", MONEY),
            ("contact_count:Q", "Customers worth a contact", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("value_at_risk_90d:Q", "Revenue at risk in 90 days", MONEY),
        ),
    )


def expected_values(data: Rows) -> alt.LayerChart:
    """Expected value of a segment's customers: the median, and the middle half of them."""
    base = (
        rows()
        .transform_filter("isValid(datum.median_clv_90d)")
        .encode(y=alt.Y("segment:N", sort=ordered(data, "segment"), title=None))
    )
    axis = {
        "scale": alt.Scale(type="symlog", constant=10),
        "axis": alt.Axis(format=MONEY_SHORT, values=[0, 10, 100, 1e3, 1e4, 1e5], ticks=False),
    }
    return alt.layer(
        base.mark_rule(strokeWidth=5, strokeCap="round", opacity=0.35).encode(
            x=alt.X(
                "low_clv_90d:Q",
                title="Median, and the middle half of the customers",
                **axis,
            ),
            x2="high_clv_90d:Q",
        ),
        base.mark_point(size=70).encode(
            x=alt.X("median_clv_90d:Q", **axis),
            tooltip=tips(
                ("segment:N", "Segment"),
                ("median_clv_90d:Q", "Median", MONEY),
                ("low_clv_90d:Q", "A quarter has less than", MONEY),
                ("high_clv_90d:Q", "A quarter has more than", MONEY),
                ("clv_90d:Q", "All of them", MONEY),
                ("customer_count:Q", "Customers", COUNT),
            ),
        ),
    ).properties(height={"step": 24})


def history(data: Rows) -> alt.LayerChart:
    """One customer's segment at each month's end; the best segment is on top."""
    base = rows().encode(
        x=alt.X(
            "as_of_date:T",
            title=None,
            axis=alt.Axis(format="%b %y"),
            scale=alt.Scale(padding=16),
        ),
        y=alt.Y("segment:N", sort=ordered(data, "segment", by="display_order"), title=None),
    )
    return alt.layer(
        base.mark_line(interpolate="step-after", strokeWidth=1.5, opacity=0.6),
        base.mark_point(size=45).encode(
            tooltip=tips(
                ("as_of_date:T", "Month up to", DAY),
                ("segment:N", "Segment"),
                ("cause:N", "Why it changed"),
                ("recency_days:Q", "Days since the last order", COUNT),
                ("frequency:Q", "Orders", COUNT),
                ("monetary:Q", "Net revenue", MONEY),
            )
        ),
    ).properties(height={"step": 30})
