"""Charts of single customers: what they are worth and how likely they are lost."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    MONEY,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
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
