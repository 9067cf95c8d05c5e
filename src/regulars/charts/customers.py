"""Charts of customers: what they are worth, how likely they are lost, and when one of them orders."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    DAY,
    MONEY,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
    heat_map,
    rows,
    tip,
    tips,
    value_axis,
)


def value_and_churn(data: Rows) -> alt.Chart:
    """Customers by expected value and chance of no order; size is what is at risk."""
    has_ids = bool(data) and "customer_id" in data[0]
    return (
        rows()
        .transform_filter("isValid(datum.clv_90d) && isValid(datum.churn_probability_90d)")
        .mark_circle()
        .encode(
            x=alt.X(
                "churn_probability_90d:Q",
                title="Chance of no order in 90 days",
                axis=value_axis(SHARE),
            ),
            y=alt.Y(
                "clv_90d:Q",
                title="Expected value in 90 days",
                scale=alt.Scale(type="symlog", constant=10),
                axis=alt.Axis(format=MONEY_SHORT, values=[0, 10, 100, 1e3, 1e4, 1e5, 1e6]),
            ),
            size=alt.Size(
                "value_at_risk_90d:Q",
                title="Revenue at risk",
                scale=alt.Scale(range=[8, 400]),
                legend=alt.Legend(format=MONEY_SHORT, values=[100, 1000, 5000]),
            ),
            tooltip=[
                *([tip("customer_id:N", "Customer")] if has_ids else []),
                *tips(
                    ("segment:N", "Segment"),
                    ("clv_90d:Q", "Expected value in 90 days", MONEY),
                    ("churn_probability_90d:Q", "Chance of no order", SHARE_FINE),
                    ("value_at_risk_90d:Q", "Revenue at risk", MONEY),
                    ("recency_days:Q", "Days since the last order", COUNT),
                    ("frequency:Q", "Orders", COUNT),
                    ("monetary:Q", "Revenue so far", MONEY),
                ),
            ],
        )
        .properties(height=340)
    )


def recency_and_frequency(data: Rows) -> alt.LayerChart:
    """Customers by how long ago and how often they ordered."""
    return heat_map(
        data,
        x="recency",
        y="frequency",
        figure="customer_count",
        x_title="Days since the last order",
        y_title="Orders",
        title="Customers",
        style=COUNT,
        is_labelled=True,
        cell_height=42,
        tooltip=tips(
            ("recency:N", "Days since the last order"),
            ("frequency:N", "Orders"),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue:Q", "Net revenue", MONEY),
            ("clv_90d:Q", "Expected value in 90 days", MONEY),
        ),
        has_small_cells=False,
    )


def revenue_and_expected_value(_data: Rows) -> alt.Chart:
    """Customers by revenue so far and expected value, in cells of equal ratios; both axes are logarithmic."""

    def axis(field: str, title: str) -> dict[str, object]:
        return {
            "shorthand": f"{field}:Q",
            "title": title,
            "scale": alt.Scale(type="log", nice=False),
            "axis": alt.Axis(
                format=MONEY_SHORT,
                values=[10**power for power in range(8)],
                domain=False,
                ticks=False,
            ),
        }

    return (
        rows()
        .mark_rect(style="edge")
        .encode(
            x=alt.X(**axis("monetary_from", "Net revenue so far")),
            x2="monetary_to:Q",
            y=alt.Y(**axis("clv_from", "Expected value in 90 days")),
            y2="clv_to:Q",
            color=alt.Color(
                "customer_count:Q",
                title="Customers",
                scale=alt.Scale(range="ramp"),
                legend=alt.Legend(format=COUNT, gradientLength=160, gradientThickness=10),
            ),
            tooltip=tips(
                ("customer_count:Q", "Customers", COUNT),
                ("monetary_from:Q", "Net revenue from", MONEY),
                ("monetary_to:Q", "to", MONEY),
                ("clv_from:Q", "Expected value from", MONEY),
                ("clv_to:Q", "to", MONEY),
                ("churn_probability_90d:Q", "Mean chance of no order", SHARE),
            ),
        )
        .properties(height=260)
    )


def order_timeline(data: Rows) -> alt.LayerChart:
    """One customer's orders by day and revenue, the as-of date, and when the next order is expected.

    Rows have a `kind`: order, as_of (the first day not counted) or next (with the range in `low` and `high`).
    """
    base = rows().encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%b %y"), scale=alt.Scale(padding=16))
    )
    revenue = alt.Y("revenue:Q", title="Net revenue of the order", axis=value_axis(MONEY_SHORT))
    tooltip = tips(
        ("day:T", "Ordered", DAY),
        ("order_id:N", "Order"),
        ("revenue:Q", "Net revenue", "$,.2f"),
        ("returned_revenue:Q", "Returned", "$,.2f"),
        ("line_count:Q", "Lines", COUNT),
    )
    expected = tips(
        ("day:T", "Next order expected", DAY), ("low:T", "from", DAY), ("high:T", "to", DAY)
    )
    orders = base.transform_filter("datum.kind == 'order'")
    layers = [
        orders.mark_rule(strokeWidth=1.5).encode(y=revenue, y2=alt.datum(0)),
        orders.mark_point(size=45).encode(y=revenue, tooltip=tooltip),
    ]
    kinds = {row["kind"] for row in data}
    if "as_of" in kinds:
        as_of = base.transform_filter("datum.kind == 'as_of'")
        label = as_of.mark_text(
            style="muted-text", align="right", baseline="top", dx=-5, text="as of"
        )
        layers += [as_of.mark_rule(style="guide"), label.encode(y=alt.value(0))]
    if "next" in kinds:
        following = base.transform_filter("datum.kind == 'next'").encode(
            y=alt.datum(0), tooltip=expected
        )
        layers += [
            following.mark_rule(strokeWidth=6, strokeCap="round", opacity=0.35).encode(
                x="low:T", x2="high:T"
            ),
            following.mark_point(size=90, filled=False, strokeWidth=2),
        ]
    return alt.layer(*layers).properties(height=220)
