"""Charts of opportunities, campaigns and the health of the customer base."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    MONEY,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
    named,
    ordered,
    rows,
    tips,
    value_axis,
)


def opportunities(data: Rows) -> alt.LayerChart:
    """Opportunities by expected value, with its range."""
    base = rows().encode(
        y=alt.Y(
            "title:N",
            sort=ordered(data, "title"),
            title=None,
            axis=alt.Axis(labelLimit=330),
        )
    )
    tooltip = tips(
        ("title:N", "Opportunity"),
        ("expected_value:Q", "Expected value", MONEY),
        ("expected_value_low:Q", "from", MONEY),
        ("expected_value_high:Q", "to", MONEY),
        ("customer_count:Q", "Customers", COUNT),
        ("drawn_from:Q", "Drawn from", MONEY),
        ("probability:Q", "Mean success rate", SHARE_FINE),
        ("effort:N", "Effort"),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.6}).encode(
            x=alt.X(
                "expected_value:Q",
                title="Net revenue that contacting them is expected to bring",
                axis=value_axis(MONEY_SHORT),
            ),
            tooltip=tooltip,
        ),
        base.mark_rule(strokeWidth=1.5).encode(
            x="expected_value_low:Q", x2="expected_value_high:Q", tooltip=tooltip
        ),
    ).properties(height={"step": 30})


def health(data: Rows) -> alt.LayerChart:
    """Components of portfolio health, 0 to 100."""
    base = rows().encode(
        y=alt.Y(
            "title:N",
            sort=ordered(data, "title"),
            title=None,
            axis=alt.Axis(labelLimit=330),
        ),
        x=alt.X(
            "score:Q",
            title="Score, 0 to 100",
            scale=alt.Scale(domain=[0, 110]),
            axis=alt.Axis(values=[0, 25, 50, 75, 100], domain=False, ticks=False),
        ),
        tooltip=tips(
            ("title:N", "Component"), ("score:Q", "Score", ".0f"), ("sentence:N", "In words")
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}),
        base.mark_text(align="left", dx=4).encode(text=alt.Text("score:Q", format=".0f")),
    ).properties(height={"step": 26})


def uplift(data: Rows) -> alt.LayerChart:
    """Uplift of each campaign with its interval; a finished wave only."""
    base = (
        rows()
        .transform_filter("isValid(datum.uplift)")
        .encode(y=alt.Y("campaign:N", sort=ordered(data, "campaign"), title=None))
    )
    return alt.layer(
        rows().mark_rule(style="guide").encode(x=alt.datum(0)),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X(
                "uplift_low:Q",
                title="Uplift of the order rate, treatment less control",
                axis=value_axis(SHARE_FINE),
            ),
            x2="uplift_high:Q",
        ),
        base.mark_point(size=60).encode(
            x="uplift:Q",
            tooltip=tips(
                ("campaign:N", "Campaign"),
                ("wave:N", "Wave"),
                ("uplift:Q", "Uplift", SHARE_FINE),
                ("uplift_low:Q", "95 % from", SHARE_FINE),
                ("uplift_high:Q", "to", SHARE_FINE),
                ("treatment_count:Q", "Treatment", COUNT),
                ("control_count:Q", "Control", COUNT),
                ("statement:N", "In words"),
            ),
        ),
    ).properties(height={"step": 28})


def campaign_groups(data: Rows) -> alt.LayerChart:
    """Customers of the latest wave by campaign and group."""
    base = (
        rows()
        .transform_filter("datum.campaign != 'all'")
        .transform_fold(
            ["treatment_count", "control_count", "suppressed_count"], as_=["which", "figure"]
        )
        .transform_calculate(
            name=named(
                "datum.which",
                {
                    "treatment_count": "treatment",
                    "control_count": "control",
                    "suppressed_count": "not contacted",
                },
            )
        )
    )
    names = ["treatment", "control", "not contacted"]
    return alt.layer(
        base.mark_bar(height={"band": 0.7}).encode(
            y=alt.Y("campaign:N", sort=ordered(data, "campaign"), title=None),
            x=alt.X("figure:Q", title="Customers", axis=value_axis(COUNT)),
            color=alt.Color("name:N", title=None, sort=names, scale=alt.Scale(domain=names)),
            tooltip=tips(
                ("campaign:N", "Campaign"),
                ("name:N", "Group"),
                ("figure:Q", "Customers", COUNT),
                ("base_order_rate:Q", "Orders without it", SHARE),
                ("minimum_detectable_order_rate:Q", "Smallest uplift it can show", SHARE_FINE),
            ),
        )
    ).properties(height={"step": 28})
